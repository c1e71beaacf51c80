//! This node's word about an agent's record, for anybody who asks and may quote it.
//!
//! What is stated is what the principal's own clients are shown, signed by the identity key. It is an
//! open slot of the sign guard: a statement commits to nothing.
//!
//! Deliberately absent: how often. The shell says the same signed words again while nothing changed.

use rand_core::CryptoRng;

use super::{Node, invalid, papers};
use crate::{
    command::{Refusal, Reply},
    document::Document,
    effect::Effect,
    ids::CommandId,
    job::{Job, SignRequest, Signing, Slot},
    proof::Proof,
    reputation::statement::{AsOf, Grounds, TrustStatement},
    text::{BoundError, BoundedVec},
    view::{Computed, TrustView},
};

impl Node {
    /// Signs what the settled records say about an agent.
    pub(super) fn state_trust(
        &mut self,
        command: CommandId,
        did: &str,
        rng: &mut dyn CryptoRng,
    ) -> Result<Option<Reply>, Refusal> {
        self.refresh_standings();
        let view = self.trust_in(did)?;
        let content = self.statement(view).map_err(|error| invalid(error.to_string()))?;
        let paper = papers::paper(self.network.chain(), content, rng).map_err(|e| invalid(e.to_string()))?;
        let payloads = vec![papers::payload(self.me.did, self.now, paper.id())];
        let slot = Slot::open(format!("statement/{}", paper.agent));
        let then = Signing::Statement(Box::new(paper));
        self.start_for(command, None, Job::Sign { request: SignRequest { slot, payloads }, then });
        Ok(None)
    }

    fn statement(&self, view: TrustView) -> Result<TrustStatement, BoundError> {
        let Computed { records, block, day, seeds, records_root, parameters_hash, scores_root, .. } =
            view.computed;
        // Whoever has more seeds than this states the roots, and names the first of them.
        let seeds: Vec<_> = seeds.into_iter().take(32).collect();
        let because = view.because.into_iter().map(|reason| Grounds {
            deal: reason.deal,
            rater: reason.rater,
            positive: reason.positive,
            day: reason.day,
            tx: reason.tx,
        });
        let count = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
        Ok(TrustStatement {
            oracle: self.me.did,
            agent: view.agent,
            stated_secs: self.time(),
            anchored: view.anchored,
            score_bps: view.score,
            risk_bps: view.risk,
            standing_bps: view.standing,
            credibility_bps: view.credibility,
            praises: view.praises,
            complaints: view.complaints,
            ratings: count(view.ratings),
            deals: count(view.deals),
            volume: view.volume,
            conduct: view.conduct,
            segments: view.segments.try_into()?,
            disputes: view.disputes.try_into()?,
            because: because.collect::<Vec<_>>().try_into()?,
            as_of: AsOf {
                block,
                day,
                records: count(records),
                seeds: BoundedVec::try_from(seeds)?,
                records_root,
                parameters_hash,
                scores_root,
            },
        })
    }

    pub(super) fn on_statement_signed(
        &mut self,
        paper: Document<TrustStatement>,
        proof: Proof,
        command: Option<CommandId>,
    ) {
        if let Some(command) = command {
            let reply = Reply::Statement(Box::new(papers::signed(paper, proof)));
            self.effects.push(Effect::Reply { command, result: Ok(reply) });
        }
    }
}
