//! What a juror does with what it is handed: a vote of its own, a signature, another's message.
//!
//! Deliberately absent: acting on it; every function says only what happened.

use alloy_primitives::{Address, B256};

use super::{
    Equivocation, Jury, JuryBody, JuryEvent, JuryFault, JuryMessage, Relays, SignedCommit, SignedVerdict,
    belongs, commitment, relay_of_commit, relay_of_reveal,
    want::{JuryWant, Signable},
};
use crate::{
    document::{Ballot, Document},
    time::Timestamp,
    typed::{EthSignature, recover},
};

impl Jury {
    /// This juror's own vote, once; its salt must be fresh and random.
    ///
    /// # Errors
    /// [`JuryFault`] when it has voted already, the ballot does not belong to this run, or a commitment
    /// sent now would come too late.
    pub fn on_vote(&self, ballot: Document<Ballot>, now: Timestamp) -> Result<Vec<JuryEvent>, JuryFault> {
        self.check_ballot(self.me, &ballot)?;
        if self.own.is_some() {
            return Err(JuryFault::NotWanted("a second vote".into()));
        }
        let until = self.case.commit_until(0);
        if self.arrives(now) > until {
            return Err(JuryFault::Late { at: now, until, relays: 0 });
        }
        Ok(self.with_consequences(vec![JuryEvent::Voted { ballot }], now))
    }

    /// A signature that a [`JuryWant::Sign`] with this slot asked for.
    ///
    /// # Errors
    /// [`JuryFault`] when nothing waits for it any more or it is not by this juror.
    pub fn on_signed(
        &self,
        slot: &str,
        signature: EthSignature,
        now: Timestamp,
    ) -> Result<Vec<JuryEvent>, JuryFault> {
        let wanted = self.signables(now).into_iter().find(|signable| signable.slot(&self.case) == slot);
        let Some(wanted) = wanted else { return Err(JuryFault::NotWanted(slot.into())) };
        self.check_signature(self.me, wanted.digest(self), signature)?;
        let me = self.me;
        let event = match wanted {
            Signable::Commit(commit) => JuryEvent::CommitSeen {
                author: me,
                signed: SignedCommit { commit, signature },
                relays: Relays::new(),
            },
            Signable::Relay(digest) => JuryEvent::Relayed { digest, by: me, signature },
            Signable::Verdict { seller_share, votes } => {
                JuryEvent::VerdictSeen { by: me, signed: SignedVerdict { seller_share, votes, signature } }
            }
        };
        Ok(self.with_consequences(vec![event], now))
    }

    /// A message from whoever brought it.
    ///
    /// # Errors
    /// [`JuryFault`] when it is not taken; [`JuryFault::misconduct`] says as what to count it.
    pub fn on_message(&self, message: &JuryMessage, now: Timestamp) -> Result<Vec<JuryEvent>, JuryFault> {
        if message.run != self.run() {
            return Err(JuryFault::OtherRun(message.run));
        }
        let events = match &message.body {
            JuryBody::Commit { author, signed, relays } => self.on_commit(*author, *signed, relays, now)?,
            JuryBody::Reveal { author, ballot, relays } => self.on_reveal(*author, ballot, relays, now)?,
            JuryBody::Verdict(signed) => self.on_verdict(*signed)?,
        };
        Ok(self.with_consequences(events, now))
    }

    fn on_commit(
        &self,
        author: Address,
        signed: SignedCommit,
        relays: &Relays,
        now: Timestamp,
    ) -> Result<Vec<JuryEvent>, JuryFault> {
        self.check_signature(author, self.case.commit_digest(signed.commit), signed.signature)?;
        let digest = relay_of_commit(&self.case, author, signed.commit);
        self.check_relays(author, digest, relays)?;
        let known = self.commits.get(&author).map_or(&[][..], Vec::as_slice);
        if let Some(seen) = known.iter().find(|seen| seen.item.commit == signed.commit) {
            let new = relays.iter().filter(|(by, _)| !seen.relays.contains_key(*by));
            let new =
                new.map(|(by, signature)| JuryEvent::Relayed { digest, by: *by, signature: *signature });
            return Ok(if self.closed.is_none() { new.collect() } else { Vec::new() });
        }
        if known.len() == 2 {
            return Err(JuryFault::CommittedTwice(author));
        }
        let mut events = Vec::new();
        let others = self.relays_by_others(relays);
        let until = self.case.commit_until(others);
        let in_time = self.closed.is_none() && now < until;
        if in_time {
            events.push(JuryEvent::CommitSeen { author, signed, relays: relays.clone() });
        }
        if let Some(first) = known.first()
            && !self.equivocations.contains_key(&author)
        {
            let proof = Equivocation::Commits { first: first.item, second: signed };
            events.push(JuryEvent::Equivocated { by: author, proof });
        }
        if events.is_empty() {
            return Err(JuryFault::Late { at: now, until, relays: others });
        }
        Ok(events)
    }

    fn on_reveal(
        &self,
        author: Address,
        ballot: &Document<Ballot>,
        relays: &Relays,
        now: Timestamp,
    ) -> Result<Vec<JuryEvent>, JuryFault> {
        self.check_member(author)?;
        self.check_ballot(author, ballot)?;
        self.check_relays(author, relay_of_reveal(&self.case, author, ballot), relays)?;
        if self.reveals.contains_key(&author) || self.result.is_some() {
            return Ok(Vec::new());
        }
        let commit = commitment(ballot);
        let committed = match &self.closed {
            Some(closed) => closed.get(&author) == Some(&commit),
            None => self.commits.get(&author).is_some_and(|all| all.iter().any(|c| c.item.commit == commit)),
        };
        if !committed {
            return Err(JuryFault::NotCommitted(author));
        }
        let others = self.relays_by_others(relays);
        let until = self.case.reveal_until(others);
        if now >= until {
            return Err(JuryFault::Late { at: now, until, relays: others });
        }
        Ok(vec![JuryEvent::RevealSeen { author, ballot: ballot.clone(), relays: relays.clone() }])
    }

    fn on_verdict(&self, signed: SignedVerdict) -> Result<Vec<JuryEvent>, JuryFault> {
        let by = recover(self.verdict_digest(&signed), &signed.signature)
            .map_err(|_| JuryFault::WrongSignature(Address::ZERO))?;
        self.check_member(by)?;
        let Some(first) = self.verdicts.get(&by).copied() else {
            return Ok(vec![JuryEvent::VerdictSeen { by, signed }]);
        };
        let same = first.seller_share == signed.seller_share && first.votes == signed.votes;
        if same || self.equivocations.contains_key(&by) {
            return Ok(Vec::new());
        }
        let proof = Equivocation::Verdicts { first, second: signed };
        Ok(vec![JuryEvent::Equivocated { by, proof }])
    }

    fn check_member(&self, account: Address) -> Result<(), JuryFault> {
        if self.case.members.contains_key(&account) { Ok(()) } else { Err(JuryFault::NotAMember(account)) }
    }

    fn check_ballot(&self, account: Address, ballot: &Document<Ballot>) -> Result<(), JuryFault> {
        if belongs(&self.case, account, ballot) { Ok(()) } else { Err(JuryFault::ForeignBallot(account)) }
    }

    fn check_signature(&self, by: Address, digest: B256, signature: EthSignature) -> Result<(), JuryFault> {
        self.check_member(by)?;
        if signature.is_by(by, digest) { Ok(()) } else { Err(JuryFault::WrongSignature(by)) }
    }

    fn check_relays(&self, author: Address, digest: B256, relays: &Relays) -> Result<(), JuryFault> {
        if relays.contains_key(&author) {
            return Err(JuryFault::RelaysItself(author));
        }
        relays.iter().try_for_each(|(by, signature)| self.check_signature(*by, digest, *signature))
    }

    /// Relays that make a message count here: one's own says nothing about when it came.
    fn relays_by_others(&self, relays: &Relays) -> usize {
        relays.keys().filter(|by| **by != self.me).count()
    }

    /// Everything that is to be done now and whose outcome is not recorded yet.
    #[must_use]
    pub fn wants(&self, now: Timestamp) -> Vec<JuryWant> {
        let mut wants = Vec::new();
        if self.outcome.is_none() && self.own.is_none() && self.arrives(now) <= self.case.commit_until(0) {
            wants.push(JuryWant::Judge);
        }
        wants.extend(self.signables(now).into_iter().map(|signable| signable.want(self)));
        wants.extend(self.sends(now));
        wants
    }
}
