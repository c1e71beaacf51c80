//! Slow acts that need a secret and no network.
//!
//! Deliberately absent: what the results are for.

use nuncio_protocol::{
    guard,
    ids::BlobId,
    job::{Class, Job, Outcome, Payload, SignRequest, Signature},
};
use rand_core::Rng;
use sha2::{Digest, Sha256};

use crate::{
    host::{Host, Trick},
    seal,
};

impl Host {
    /// Does the act; a failure is for good, since the disk in memory does not fail.
    pub(super) fn secret_work(&mut self, job: Job) -> Outcome {
        self.try_secret_work(job).unwrap_or_else(|why| Outcome::Failed { why, permanent: true })
    }

    fn try_secret_work(&mut self, job: Job) -> Result<Outcome, String> {
        let Self { keys, rng, ndas, tricks, .. } = self;
        match job {
            Job::Sign { request, .. } => self.sign(&request),
            Job::NdaKeys { draft } => {
                let (session, age) = keys.nda_prepare(draft.0, rng)?;
                Ok(Outcome::NdaKeys { session, age: age.to_string() })
            }
            Job::SeatKey { request, .. } => Ok(Outcome::Recipient(*keys.seat_recipient(request, rng)?.key())),
            Job::CreateDealSecret { deal, recipient } => {
                Ok(Outcome::Wrapped(keys.deal_secret_wrap(deal, &recipient, rng)?))
            }
            Job::ImportDealSecret { deal, draft, wrapped } => {
                let nda = ndas.get(&draft).ok_or("the NDA is not known here")?;
                keys.deal_secret_import(deal, *nda, &wrapped, rng)?;
                Ok(Outcome::Done)
            }
            Job::WrapClass { deal, class: Class::Milestone(_), recipient }
                if tricks.contains(&Trick::WrapsAnother) =>
            {
                Ok(Outcome::Wrapped(keys.class_wrap(deal, "another", &recipient, rng)?))
            }
            Job::WrapClass { deal, class, recipient } => {
                Ok(Outcome::Wrapped(keys.class_wrap(deal, &class.label(), &recipient, rng)?))
            }
            Job::Seal { deal, class, files, .. } => {
                let to = seal::recipient(&keys.class_identity(deal, &class.label())?);
                let staged = &self.staged;
                let read = |file: &nuncio_protocol::job::StagedFile| {
                    let bytes =
                        staged.get(&file.blob).ok_or_else(|| format!("{} is not staged", file.blob))?;
                    Ok((file.name.clone(), bytes.clone()))
                };
                let delivered = matches!(class, Class::Milestone(_));
                let mut files = files.iter().map(read).collect::<Result<Vec<_>, String>>()?;
                if delivered && tricks.contains(&Trick::LeavesOutPact) {
                    files.retain(|(name, _)| name != "pact.json");
                }
                let mut sealed = seal::seal(&to, &seal::pack(files), rng);
                if delivered && tricks.contains(&Trick::SealsNoise) {
                    rng.fill_bytes(&mut sealed);
                }
                let (blob, size) = (BlobId(Sha256::digest(&sealed).into()), sealed.len() as u64);
                self.blobs.insert(blob, sealed);
                Ok(Outcome::Sealed { blob, size })
            }
            Job::Open { deal, class, blob } => {
                let identity = keys.class_identity(deal, &class.label());
                Ok(self.open_package(blob, identity))
            }
            Job::OpenEvidence { request, wrapped, blob, .. } => {
                let identity = keys.seat_unwrap(request, &wrapped);
                Ok(self.open_package(blob, identity))
            }
            Job::PutBlob { .. } | Job::GetBlob { .. } | Job::Beacon { .. } => {
                Err("no secret is needed for this".into())
            }
        }
    }

    fn sign(&mut self, request: &SignRequest) -> Result<Outcome, String> {
        let payloads = request.payloads.iter().map(|payload| match payload {
            Payload::Identity { bytes } => guard::Payload::Identity { bytes: bytes.clone() },
            Payload::Typed { digest } => guard::Payload::Typed { digest: (*digest).into() },
        });
        let guarded = guard::SignRequest {
            slot: guard::Slot { name: request.slot.name.clone(), exclusive: request.slot.exclusive },
            payloads: payloads.collect(),
        };
        let signatures = self.keys.sign(&guarded).map_err(|error| error.to_string())?;
        let signatures = signatures.into_iter().map(|signature| match signature {
            guard::Signature::Identity(bytes) => Signature(bytes.to_vec()),
            guard::Signature::Typed(bytes) => Signature(bytes.to_vec()),
        });
        Ok(Outcome::Signed { signatures: signatures.collect(), guard: self.keys.guard_seq() })
    }
}
