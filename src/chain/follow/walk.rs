//! Walking the trail: block by block to the newest head, back where it forks, and by ranges over
//! what is final already; and comparing logs between endpoints before they count as safe.

use nuncio_protocol::{
    abi::ChainLog,
    block::{Level, Mark},
    quorum::Endpoint,
};

use super::{
    super::{
        rpc::{At, Rpc, RpcError},
        trail::Step,
    },
    Follower, Notice, Unheard,
};

/// Steps in one look; after that the heads are looked at again.
const STEPS_MAX: usize = 128;

/// Blocks in one question for logs.
const RANGE_MAX: u64 = 2_000;

/// What ended a step.
enum Stop {
    Unheard,
    Rpc(RpcError),
}

impl From<Unheard> for Stop {
    fn from(_: Unheard) -> Self {
        Self::Unheard
    }
}

impl From<RpcError> for Stop {
    fn from(error: RpcError) -> Self {
        Self::Rpc(error)
    }
}

impl Follower {
    /// Walks toward the newest head of the guide; says whether it is not reached yet.
    pub(super) async fn walk(&mut self) -> Result<bool, Unheard> {
        let Some(guide) = self.guide() else { return Ok(false) };
        match self.walk_along(guide).await {
            Ok(more) => Ok(more),
            Err(Stop::Unheard) => Err(Unheard),
            Err(Stop::Rpc(error)) => {
                self.unheard(guide, error).await?;
                Ok(false)
            }
        }
    }

    async fn walk_along(&mut self, guide: Endpoint) -> Result<bool, Stop> {
        let Some(finalized) = self.quorum.agreed(Level::Final) else { return Ok(false) };
        self.leap(guide, finalized).await?;
        let Some(head) = self.quorum.latest() else { return Ok(false) };
        for _ in 0..STEPS_MAX {
            match self.trail.toward(head.mark) {
                Step::There => return Ok(false),
                Step::Drop(mark) => self.drop_tip(mark).await?,
                Step::Get(number) => {
                    let found = self.rpc(guide).header(At::Number(number)).await?;
                    // The head was there a moment ago: the chain is changing. Look again.
                    let Some(header) = found else { return Ok(false) };
                    match self.trail.push(header.block) {
                        Err(mark) => self.drop_tip(mark).await?,
                        Ok(()) if number >= self.shared.config.start => {
                            let addresses = self.shared.addresses();
                            let hash = header.block.mark.hash;
                            let logs = match self.rpc(guide).logs_of(&addresses, hash).await {
                                Ok(logs) => logs,
                                Err(error) => {
                                    self.trail.pop();
                                    return Err(error.into());
                                }
                            };
                            self.log(header.block, logs).await?;
                        }
                        Ok(()) => {}
                    }
                }
            }
        }
        Ok(true)
    }

    async fn log(
        &mut self,
        block: nuncio_protocol::block::Block,
        logs: Vec<ChainLog>,
    ) -> Result<(), Unheard> {
        if logs.is_empty() {
            return Ok(());
        }
        self.unconfirmed.insert(block.mark.number, logs.clone());
        self.tell(Notice::Logged { block, logs }).await
    }

    async fn drop_tip(&mut self, mark: Mark) -> Result<(), Stop> {
        if self.trail.pop().is_none() {
            return Err(RpcError::Nonsense("its chain does not hold a block that was final").into());
        }
        drop(self.unconfirmed.split_off(&mark.number));
        self.tell(Notice::Dropped { block: mark }).await?;
        Ok(())
    }

    /// Reads what is final by ranges, where the trail is empty or has fallen behind `finalized`.
    async fn leap(&mut self, guide: Endpoint, finalized: Mark) -> Result<(), Stop> {
        while let Some(tip) = self.trail.tip().map(|tip| tip.mark) {
            if tip.number >= finalized.number {
                return Ok(());
            }
            let there = self.rpc(guide).header(At::Number(tip.number)).await?;
            if there.is_some_and(|header| header.block.mark == tip) {
                break;
            }
            self.drop_tip(tip).await?;
        }
        let mut from = match self.trail.tip() {
            Some(tip) => self.shared.config.start.max(tip.mark.number + 1),
            None => self.shared.config.start,
        };
        let mut width = RANGE_MAX;
        while from <= finalized.number {
            let to = finalized.number.min(from + width - 1);
            let logs = match self.agreed_logs((from, to)).await {
                Ok(logs) => logs,
                // Endpoints bound ranges in their own ways; one block is always allowed.
                Err(_) if width > 1 => {
                    width /= 2;
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            self.log_blocks(guide, logs).await?;
            from = to + 1;
        }
        let header = self.rpc(guide).header(At::Number(finalized.number)).await?;
        let block = header.filter(|header| header.block.mark == finalized).map(|header| header.block);
        let block = block.ok_or(RpcError::Nonsense("it does not hold the agreed final block"))?;
        self.trail = super::Trail::default();
        self.trail.push(block).ok();
        self.unconfirmed.clear();
        self.confirmed = Some(finalized);
        Ok(())
    }

    /// Tells logs of several blocks, block by block.
    async fn log_blocks(&mut self, guide: Endpoint, logs: Vec<ChainLog>) -> Result<(), Stop> {
        for page in logs.chunk_by(|a, b| a.block == b.block) {
            let mark = page[0].block;
            let header = self.rpc(guide).header_of(mark.hash).await?;
            let block = header.map(|header| header.block).filter(|block| block.mark == mark);
            let block = block.ok_or(RpcError::Nonsense("logs of a block that it does not know"))?;
            self.tell(Notice::Logged { block, logs: page.to_vec() }).await?;
        }
        Ok(())
    }

    /// The logs of a final range that enough endpoints give alike.
    async fn agreed_logs(&self, range: (u64, u64)) -> Result<Vec<ChainLog>, RpcError> {
        let mut answers: Vec<Vec<ChainLog>> = Vec::new();
        let mut last = RpcError::Silent("too few endpoints give the same logs".into());
        for endpoint in self.quorum.preferred() {
            match self.logs_from(self.rpc(endpoint), range).await {
                Ok(logs) => answers.push(logs),
                Err(error) => last = error,
            }
            let agreed = answers
                .iter()
                .position(|logs| answers.iter().filter(|other| *other == logs).count() >= self.shared.needed);
            if let Some(index) = agreed {
                return Ok(answers.swap_remove(index));
            }
        }
        Err(last)
    }

    async fn logs_from(&self, rpc: &Rpc, range: (u64, u64)) -> Result<Vec<ChainLog>, RpcError> {
        let mut logs = rpc.logs_between(&self.shared.addresses(), range).await?;
        logs.sort_by_key(|log| (log.block.number, log.index));
        if logs.iter().any(|log| log.block.number < range.0 || log.block.number > range.1) {
            return Err(RpcError::Nonsense("logs out of the range that was asked for"));
        }
        Ok(logs)
    }

    /// Raises what is confirmed to `safe` if enough endpoints give the logs that were told.
    ///
    /// An endpoint can name the right block and still make up its logs.
    pub(super) async fn confirm(&mut self, safe: Mark) {
        let Some(confirmed) = self.confirmed else { return };
        let on_trail = self.trail.at(safe.number) == Some(safe);
        if safe.number < confirmed.number && on_trail {
            self.confirmed = Some(safe);
            return;
        }
        if safe.number <= confirmed.number || !on_trail {
            return;
        }
        let range = (self.shared.config.start.max(confirmed.number + 1), safe.number);
        if range.0 > range.1 {
            self.confirmed = Some(safe);
            return;
        }
        let told: Vec<ChainLog> =
            self.unconfirmed.range(range.0..=range.1).flat_map(|(_, logs)| logs.clone()).collect();
        let guide = self.guide();
        let mut alike = 1;
        for endpoint in self.quorum.preferred() {
            if alike >= self.shared.needed {
                break;
            }
            if Some(endpoint) == guide {
                continue;
            }
            if self.logs_from(self.rpc(endpoint), range).await.is_ok_and(|logs| logs == told) {
                alike += 1;
            }
        }
        if alike >= self.shared.needed {
            self.unconfirmed = self.unconfirmed.split_off(&(safe.number + 1));
            self.confirmed = Some(safe);
        } else if let Some(guide) = guide {
            self.doubt(guide, confirmed).await;
        }
    }

    /// Takes back what was told along an endpoint that others do not confirm, and walks along another.
    async fn doubt(&mut self, guide: Endpoint, confirmed: Mark) {
        let url = self.rpc(guide).url();
        tracing::warn!(url, block = confirmed.number + 1, "others do not confirm an RPC endpoint's logs");
        self.doubted = Some(guide);
        let first = self.trail.at(confirmed.number + 1);
        while self.trail.tip().is_some_and(|tip| tip.mark.number > confirmed.number) {
            if self.trail.pop().is_none() {
                break;
            }
        }
        self.unconfirmed.clear();
        if let Some(block) = first {
            // A closed channel is noticed at the next notice.
            self.tell(Notice::Dropped { block }).await.ok();
        }
    }
}
