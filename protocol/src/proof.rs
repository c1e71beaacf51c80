//! Signatures on papers: W3C Data Integrity, suite `eddsa-jcs-2022`, Ed25519.
//!
//! First a [`Draft`] is made of who signs and when. Its [`Draft::signing_input`] is what the key
//! signs: SHA-256 of the canonical proof options followed by SHA-256 of the canonical paper, 64
//! bytes. The second half *is* the paper's id, so whoever holds only an id and a proof can check the
//! signature, without seeing a word of the paper. Signing happens outside, behind the guard;
//! [`Draft::attach`] takes the signature back. [`Proof::verify`] says yes only if suite and purpose
//! are ours, the method is the key of exactly the expected DID, and the signature verifies strictly.
//!
//! Deliberately absent: signing keys, other suites and purposes, `@context` (our papers have none),
//! proof chains, expiry of proofs (papers expire themselves).

use core::{fmt, str::FromStr};

use ed25519_dalek::Signature;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

use crate::{
    canonical::{EncodingError, refuse, to_canonical},
    did::Did,
    ids::PaperId,
    time::Timestamp,
};

/// Says why a proof does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// `type` is not `DataIntegrityProof`.
    #[error("the proof is not a DataIntegrityProof")]
    WrongType,
    /// `cryptosuite` is not `eddsa-jcs-2022`.
    #[error("the proof's suite is not eddsa-jcs-2022")]
    WrongSuite,
    /// `proofPurpose` is not `assertionMethod`.
    #[error("the proof's purpose is not assertionMethod")]
    WrongPurpose,
    /// The method is not the key of the DID that should have signed.
    #[error("the proof is not by {expected}")]
    WrongSigner {
        /// Who should have signed.
        expected: Did,
    },
    /// The signature is not 64 bytes in multibase base58btc, or is not by that key over that paper.
    #[error("the signature by {signer} does not verify")]
    BadSignature {
        /// Who is said to have signed.
        signer: Did,
    },
}

const TYPE: &str = "DataIntegrityProof";
const SUITE: &str = "eddsa-jcs-2022";
const PURPOSE: &str = "assertionMethod";

/// A Data Integrity proof as it is written: public until [`Proof::verify`] says otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Proof {
    /// `DataIntegrityProof`.
    pub r#type: ShortText,
    /// `eddsa-jcs-2022`.
    pub cryptosuite: ShortText,
    /// When the signer says it signed.
    pub created: Created,
    /// `did:key:zX#zX`.
    pub verification_method: ShortText,
    /// `assertionMethod`.
    pub proof_purpose: ShortText,
    /// The signature, 64 bytes in multibase base58btc.
    pub proof_value: ShortText,
}

/// Text of at most 160 bytes, the most that any field of a proof needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct ShortText(String);

impl<'de> Deserialize<'de> for ShortText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.len() > 160 { Err(refuse("at most 160 bytes in a proof's field")) } else { Ok(Self(text)) }
    }
}

/// The options of a proof that is yet to be signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draft {
    signer: Did,
    created: Created,
}

/// What the signature covers besides the paper: the proof without its value.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Options<'p> {
    r#type: &'p str,
    cryptosuite: &'p str,
    created: Created,
    verification_method: &'p str,
    proof_purpose: &'p str,
}

impl Draft {
    /// A proof by `signer`, made at `now`.
    #[must_use]
    pub const fn new(signer: Did, now: Timestamp) -> Self {
        Self { signer, created: Created::at(now) }
    }

    /// The 64 bytes that the identity key signs for this paper.
    #[must_use]
    pub fn signing_input(&self, paper: PaperId) -> [u8; 64] {
        let method = self.signer.verification_method();
        let options = Options {
            r#type: TYPE,
            cryptosuite: SUITE,
            created: self.created,
            verification_method: &method,
            proof_purpose: PURPOSE,
        };
        hash_data(paper, &options).expect("invariant: our own options are canonical")
    }

    /// The finished proof. The signature is not checked here: [`Proof::verify`] does.
    #[must_use]
    pub fn attach(&self, signature: [u8; 64]) -> Proof {
        Proof {
            r#type: ShortText(TYPE.to_owned()),
            cryptosuite: ShortText(SUITE.to_owned()),
            created: self.created,
            verification_method: ShortText(self.signer.verification_method()),
            proof_purpose: ShortText(PURPOSE.to_owned()),
            proof_value: ShortText(format!("z{}", bs58::encode(signature).into_string())),
        }
    }
}

impl Proof {
    /// The DID whose key the proof names, if it names one.
    #[must_use]
    pub fn signer(&self) -> Option<Did> {
        let (did, _) = self.verification_method.0.split_once('#')?;
        let did: Did = did.parse().ok()?;
        (did.verification_method() == self.verification_method.0).then_some(did)
    }

    /// Says whether this is `signer`'s signature of the paper.
    ///
    /// # Errors
    /// [`ProofError`] with the first rule that is broken.
    pub fn verify(&self, paper: PaperId, signer: Did) -> Result<(), ProofError> {
        if self.r#type.0 != TYPE {
            return Err(ProofError::WrongType);
        }
        if self.cryptosuite.0 != SUITE {
            return Err(ProofError::WrongSuite);
        }
        if self.proof_purpose.0 != PURPOSE {
            return Err(ProofError::WrongPurpose);
        }
        if self.verification_method.0 != signer.verification_method() {
            return Err(ProofError::WrongSigner { expected: signer });
        }
        let bad = ProofError::BadSignature { signer };
        let signature = self.signature().ok_or(bad)?;
        let input = Draft { signer, created: self.created }.signing_input(paper);
        signer.verifying_key().verify_strict(&input, &signature).map_err(|_| bad)
    }

    fn signature(&self) -> Option<Signature> {
        let digits = self.proof_value.0.strip_prefix('z')?;
        let bytes: [u8; 64] = bs58::decode(digits).into_vec().ok()?.try_into().ok()?;
        (bs58::encode(bytes).into_string() == digits).then(|| Signature::from_bytes(&bytes))
    }
}

/// The hash data of `eddsa-jcs-2022`: SHA-256 of the canonical proof options, then the paper's id.
///
/// # Errors
/// [`EncodingError`] where the options cannot be written canonically.
pub fn hash_data<O: Serialize>(paper: PaperId, options: &O) -> Result<[u8; 64], EncodingError> {
    let mut data = [0; 64];
    data[..32].copy_from_slice(&Sha256::digest(to_canonical(options)?));
    data[32..].copy_from_slice(paper.as_bytes());
    Ok(data)
}

/// A point in time as Data Integrity writes it: `2026-02-24T23:36:38Z`, whole seconds, UTC, from
/// 1970 to 9999.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Created(u64);

/// The last second of the year 9999.
const CREATED_MAX: u64 = 253_402_300_799;

impl Created {
    /// The second in which `now` lies.
    #[must_use]
    pub const fn at(now: Timestamp) -> Self {
        let secs = now.secs();
        Self(if secs > CREATED_MAX { CREATED_MAX } else { secs })
    }

    /// Seconds since the Unix epoch.
    #[must_use]
    pub const fn secs(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Created {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Days are counted from 1 March of year 0, so that a leap day is the last of its year.
        let (days, secs) = (self.0 / 86_400 + 719_468, self.0 % 86_400);
        let (era, day_of_era) = (days / 146_097, days % 146_097);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        let year = era * 400 + year_of_era + u64::from(month <= 2);
        let (hour, minute, second) = (secs / 3600, secs / 60 % 60, secs % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

impl fmt::Debug for Created {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Created({self})")
    }
}

/// Says that a text is not such a point in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a time like 2026-02-24T23:36:38Z")]
pub struct ParseCreatedError;

impl FromStr for Created {
    type Err = ParseCreatedError;

    fn from_str(text: &str) -> Result<Self, ParseCreatedError> {
        let field = |from: usize, to: usize| -> Option<u64> { text.get(from..to)?.parse().ok() };
        let read = || -> Option<Self> {
            let (year, month, day) = (field(0, 4)?, field(5, 7)?, field(8, 10)?);
            let (hour, minute, second) = (field(11, 13)?, field(14, 16)?, field(17, 19)?);
            if year < 1970 || !(1..=12).contains(&month) {
                return None;
            }
            let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
            let days = 365 * year + year / 4 - year / 100
                + year / 400
                + (153 * month + 2) / 5
                + day.checked_sub(1)?;
            Some(Self((days - 719_468) * 86_400 + hour * 3600 + minute * 60 + second))
        };
        // Printing it again catches every illegal day, hour and separator at once.
        read().filter(|created| created.to_string() == text).ok_or(ParseCreatedError)
    }
}

impl Serialize for Created {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Created {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(refuse)
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signer, SigningKey};
    use serde_json::json;

    use super::*;
    use crate::canonical::id_of;

    /// Test vectors of "Data Integrity EdDSA Cryptosuites v1.0", B.2, representation eddsa-jcs-2022.
    const W3C_KEY: &str = "z3u2en7t5LR2WtQH5PfFqMqwVHBeXouLzo6haApm8XHqvjxq";
    const W3C_DID: &str = "did:key:z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2";

    fn w3c_key() -> SigningKey {
        let bytes = bs58::decode(&W3C_KEY[1..]).into_vec().unwrap();
        // Multicodec 0x1300, Ed25519 private key.
        SigningKey::from_bytes(bytes.strip_prefix(&[0x80, 0x26]).unwrap().try_into().unwrap())
    }

    fn signed(paper: PaperId) -> (Did, Proof) {
        let key = w3c_key();
        let did = Did::from_key(key.verifying_key().to_bytes()).unwrap();
        let draft = Draft::new(did, Timestamp::from_secs(1_677_281_798));
        (did, draft.attach(key.sign(&draft.signing_input(paper)).to_bytes()))
    }

    #[test]
    fn the_w3c_vector_gives_the_w3c_hashes_and_the_w3c_signature() {
        let context =
            json!(["https://www.w3.org/ns/credentials/v2", "https://www.w3.org/ns/credentials/examples/v2"]);
        let document = json!({
            "@context": context,
            "id": "urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33",
            "type": ["VerifiableCredential", "AlumniCredential"],
            "name": "Alumni Credential",
            "description": "A minimum viable example of an Alumni Credential.",
            "issuer": "https://vc.example/issuers/5678",
            "validFrom": "2023-01-01T00:00:00Z",
            "credentialSubject": {"id": "did:example:abcdefgh", "alumniOf": "The School of Examples"}
        });
        let options = json!({
            "type": "DataIntegrityProof",
            "cryptosuite": "eddsa-jcs-2022",
            "created": "2023-02-24T23:36:38Z",
            "verificationMethod": W3C_DID.parse::<Did>().unwrap().verification_method(),
            "proofPurpose": "assertionMethod",
            "@context": context,
        });
        let id = id_of(&to_canonical(&document).unwrap());
        assert_eq!(id.to_string(), "59b7cb6251b8991add1ce0bc83107e3db9dbbab5bd2c28f687db1a03abc92f19");
        let data = hash_data(id, &options).unwrap();
        assert_eq!(
            hex::encode(data),
            "66ab154f5c2890a140cb8388a22a160454f80575f6eae09e5a097cabe539a1db\
             59b7cb6251b8991add1ce0bc83107e3db9dbbab5bd2c28f687db1a03abc92f19"
        );
        let signature = w3c_key().sign(&data);
        assert_eq!(
            hex::encode(signature.to_bytes()),
            "407cd12654b33d718ecbb99179a1506daaa849450bf3fc523cce3e1c96f8b803\
             51da3f253d725c6f00b07c9e5448d50b3ef78012b9ab54255116d069c6dd2808"
        );
        assert_eq!(
            format!("z{}", bs58::encode(signature.to_bytes()).into_string()),
            "z2HnFSSPPBzR36zdDgK8PbEHeXbR56YF24jwMpt3R1eHXQzJDMWS93FCzpvJpwTWd3GAVFuUfjoJdcnTMuVor51aX"
        );
        let did: Did = W3C_DID.parse().unwrap();
        assert!(did.verifying_key().verify_strict(&data, &signature).is_ok());
    }

    #[test]
    fn a_proof_holds_for_its_paper_and_its_signer_only() {
        let paper = PaperId([7; 32]);
        let (did, proof) = signed(paper);
        assert_eq!(did.to_string(), W3C_DID);
        assert_eq!(proof.signer(), Some(did));
        assert_eq!(proof.verify(paper, did), Ok(()));
        assert_eq!(proof.verify(PaperId([8; 32]), did), Err(ProofError::BadSignature { signer: did }));
        let other = Did::from_key(SigningKey::from_bytes(&[3; 32]).verifying_key().to_bytes()).unwrap();
        assert_eq!(proof.verify(paper, other), Err(ProofError::WrongSigner { expected: other }));
    }

    #[test]
    fn every_field_of_a_proof_is_checked_and_covered() {
        let paper = PaperId([7; 32]);
        let (did, good) = signed(paper);
        let text = |text: &str| ShortText(text.to_owned());
        let bad = ProofError::BadSignature { signer: did };
        let value = &good.proof_value.0;
        let rows: Vec<(Proof, ProofError)> = vec![
            (Proof { r#type: text("Ed25519Signature2020"), ..good.clone() }, ProofError::WrongType),
            (Proof { cryptosuite: text("eddsa-rdfc-2022"), ..good.clone() }, ProofError::WrongSuite),
            (Proof { proof_purpose: text("authentication"), ..good.clone() }, ProofError::WrongPurpose),
            (Proof { created: Created(0), ..good.clone() }, bad),
            (Proof { proof_value: text(&value[1..]), ..good.clone() }, bad),
            (Proof { proof_value: text(&format!("z1{}", &value[1..])), ..good.clone() }, bad),
            (Proof { proof_value: text("z"), ..good.clone() }, bad),
        ];
        for (proof, error) in rows {
            assert_eq!(proof.verify(paper, did), Err(error), "{proof:?}");
        }
        let plain = Proof { verification_method: text(W3C_DID), ..good };
        assert_eq!(plain.verify(paper, did), Err(ProofError::WrongSigner { expected: did }));
        assert_eq!(plain.signer(), None);
    }

    #[test]
    fn a_proof_is_written_as_data_integrity_writes_it_and_nothing_more_is_read() {
        let (_, proof) = signed(PaperId([7; 32]));
        let mut tree = serde_json::to_value(&proof).unwrap();
        assert_eq!(tree["created"], "2023-02-24T23:36:38Z");
        assert_eq!(tree["proofPurpose"], "assertionMethod");
        assert_eq!(serde_json::from_value::<Proof>(tree.clone()).unwrap(), proof);
        tree["@context"] = json!([]);
        assert!(serde_json::from_value::<Proof>(tree).is_err());
    }

    #[test]
    fn times_are_the_calendars_and_have_one_spelling() {
        for (secs, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_677_281_798, "2023-02-24T23:36:38Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (CREATED_MAX, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(Created(secs).to_string(), text);
            assert_eq!(text.parse(), Ok(Created(secs)));
        }
        for text in [
            "",
            "2023-02-29T00:00:00Z",
            "2023-13-01T00:00:00Z",
            "2023-00-01T00:00:00Z",
            "2023-01-00T00:00:00Z",
            "2023-01-01T24:00:00Z",
            "2023-01-01T00:00:60Z",
            "2023-01-01T00:00:00+00:00",
            "2023-01-01t00:00:00Z",
            "2023-01-01T00:00:00.0Z",
            "1969-12-31T23:59:59Z",
            "+023-01-01T00:00:00Z",
            "2023-é1-01T00:00:00Z",
        ] {
            assert_eq!(text.parse::<Created>(), Err(ParseCreatedError), "{text}");
        }
    }
}
