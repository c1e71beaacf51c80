//! What a juror still has to do: judge, sign, send.
//!
//! Everything here is safe to do twice: the guard signs the same digest again, and the others have
//! seen the message. After a restart all of it is wanted again.
//!
//! Deliberately absent: the outcome of a send; what is lost is covered by the relays of others.

use alloy_primitives::{Address, B256};

use super::{
    Case, Jury, JuryBody, JuryMessage, Relays, Seen, SignedVerdict, commitment, relay_of_commit,
    relay_of_reveal, revealed,
};
use crate::{money::Bps, time::Timestamp};

/// One thing to do.
#[derive(Clone, Debug, PartialEq)]
pub enum JuryWant {
    /// Judge the evidence and hand over a vote.
    Judge,
    /// Sign a digest with the settlement key.
    Sign {
        /// Its place in the sign guard; also the key of this want.
        slot: String,
        /// Whether the slot takes this one digest for ever.
        exclusive: bool,
        /// The digest.
        digest: B256,
    },
    /// Send a message to a member.
    Send {
        /// Names this want among all of this run.
        key: String,
        /// The member's account.
        to: Address,
        /// The message.
        message: Box<JuryMessage>,
    },
}

/// Something this juror signs.
pub(super) enum Signable {
    /// Its own commitment.
    Commit(B256),
    /// That it has seen another's commitment or reveal: the relay digest.
    Relay(B256),
    /// The verdict of its tally.
    Verdict {
        /// The seller's share.
        seller_share: Bps,
        /// The hash over the votes.
        votes: B256,
    },
}

impl Signable {
    pub(super) fn slot(&self, case: &Case) -> String {
        match self {
            Self::Commit(_) => format!("vote/{}", case.place()),
            Self::Relay(digest) => format!("relay/{}", hex::encode(digest)),
            Self::Verdict { .. } => format!("verdict/{}", case.place()),
        }
    }

    pub(super) fn digest(&self, jury: &Jury) -> B256 {
        match self {
            Self::Commit(commit) => jury.case.commit_digest(*commit),
            Self::Relay(digest) => *digest,
            Self::Verdict { seller_share, votes } => {
                let signature = crate::typed::EthSignature([0; 65]);
                let unsigned = SignedVerdict { seller_share: *seller_share, votes: *votes, signature };
                jury.verdict_digest(&unsigned)
            }
        }
    }

    pub(super) fn want(&self, jury: &Jury) -> JuryWant {
        let exclusive = match self {
            Self::Commit(_) | Self::Verdict { .. } => true,
            Self::Relay(_) => false,
        };
        JuryWant::Sign { slot: self.slot(&jury.case), exclusive, digest: self.digest(jury) }
    }
}

impl Jury {
    /// What is to be signed now and is not yet.
    pub(super) fn signables(&self, now: Timestamp) -> Vec<Signable> {
        let mut signables = Vec::new();
        if self.closed.is_none() {
            if let Some(own) = &self.own
                && !self.commits.contains_key(&self.me)
                && now < self.case.commit_until(0)
            {
                signables.push(Signable::Commit(commitment(own)));
            }
            for (author, commits) in self.commits.iter().filter(|(author, _)| **author != self.me) {
                let unseen = commits.iter().filter(|seen| !seen.relays.contains_key(&self.me));
                signables.extend(
                    unseen.map(|s| Signable::Relay(relay_of_commit(&self.case, *author, s.item.commit))),
                );
            }
        }
        if now < self.case.reveals_close() {
            let others = self.reveals.iter().filter(|(author, _)| **author != self.me);
            let unseen = others.filter(|(_, seen)| !seen.relays.contains_key(&self.me));
            signables.extend(
                unseen.map(|(author, s)| Signable::Relay(relay_of_reveal(&self.case, *author, &s.item))),
            );
        }
        if let Some(tally) = self.tally()
            && !self.verdicts.contains_key(&self.me)
            && revealed(&self.case, &self.votes()).contains_key(&self.me)
            && now < self.case.ends()
        {
            let (seller_share, votes) = (tally.seller_share, tally.votes);
            signables.push(Signable::Verdict { seller_share, votes });
        }
        signables
    }

    /// What is to be said to the others while it can count. Reveals are relayed even when the own
    /// tally is complete and the run is over here: others may have nothing but this relay. The own
    /// signature of the verdict is said without end: fees go to members whose signature is held.
    pub(super) fn sends(&self, now: Timestamp) -> Vec<JuryWant> {
        let mut bodies = Vec::new();
        if now < self.case.commits_close() {
            for (author, seen) in self.commits.iter().flat_map(|(a, all)| all.iter().map(move |s| (*a, s))) {
                if let Some(relays) = self.relays_to_send(author, seen) {
                    let key = format!("commit/{author}/{}", seen.item.commit);
                    bodies.push((key, JuryBody::Commit { author, signed: seen.item, relays }));
                }
            }
        }
        if now < self.case.reveals_close() {
            for (author, seen) in self.reveals.iter().map(|(author, seen)| (*author, seen)) {
                if let Some(relays) = self.relays_to_send(author, seen) {
                    let key = format!("reveal/{author}");
                    bodies.push((key, JuryBody::Reveal { author, ballot: seen.item.clone(), relays }));
                }
            }
        }
        if let Some(signed) = self.verdicts.get(&self.me) {
            bodies.push(("verdict".into(), JuryBody::Verdict(*signed)));
        }
        let everyone = self.others();
        let to_all = |(key, body): (String, JuryBody)| {
            let send = move |to: &Address| JuryWant::Send {
                key: format!("{}/{key}/{to}", self.case.place()),
                to: *to,
                message: Box::new(JuryMessage { run: self.run(), body: body.clone() }),
            };
            everyone.iter().map(send).collect::<Vec<_>>()
        };
        bodies.into_iter().flat_map(to_all).collect()
    }

    /// The relays to send something on with, or nothing while the own one is not signed.
    fn relays_to_send<T>(&self, author: Address, seen: &Seen<T>) -> Option<Relays> {
        let mut relays = seen.came_with.clone();
        if author != self.me {
            relays.insert(self.me, *seen.relays.get(&self.me)?);
        }
        Some(relays)
    }
}
