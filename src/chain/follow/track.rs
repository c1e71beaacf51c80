//! Tracked transactions: where each of them stands, told when that changes, until it is final.

use nuncio_protocol::{
    block::{Heads, Level, Mark},
    ids::TxHash,
    journal::decide::Inclusion,
};

use super::{
    super::rpc::{At, Receipt},
    Follower, Notice, Unheard,
};

impl Follower {
    pub(super) async fn follow_tracked(&mut self) -> Result<(), Unheard> {
        let Some(heads) = self.told.filter(|heads| self.tracked_at != Some(*heads)) else { return Ok(()) };
        self.tracked_at = Some(heads);
        for hash in self.tracked.keys().copied().collect::<Vec<_>>() {
            let Some(found) = self.find(hash, heads).await else {
                self.tracked_at = None;
                continue;
            };
            let known = self.tracked.get(&hash).copied().flatten();
            match (known, found) {
                (known, Some(now)) if known != Some(now) => {
                    self.tell(Notice::Included(now)).await?;
                    self.tracked.insert(hash, Some(now));
                }
                (Some(before), None) if self.trail.at(before.block.number) != Some(before.block) => {
                    self.tell(Notice::Gone { hash, block: before.block }).await?;
                    self.tracked.insert(hash, None);
                }
                // Nothing new, or an endpoint that lags behind what was seen already.
                (Some(_) | None, Some(_) | None) => {}
            }
            if found.is_some_and(|now| now.level == Level::Final) {
                self.tracked.remove(&hash);
            }
        }
        Ok(())
    }

    /// Where a transaction stands on the trail; `None` outside when no endpoint says anything.
    async fn find(&self, hash: TxHash, heads: Heads) -> Option<Option<Inclusion>> {
        let guide = self.guide()?;
        let Some(receipt) = self.rpc(guide).receipt(hash).await.ok()? else { return Some(None) };
        if !self.is_canonical(receipt.mark(), heads).await? {
            return Some(None);
        }
        let mut level = heads.level(receipt.number)?;
        if level > Level::Seen && !self.is_agreed(hash, receipt).await {
            level = Level::Seen;
        }
        Some(Some(Inclusion { hash, block: receipt.mark(), outcome: receipt.outcome(), level }))
    }

    /// Whether a block is on the trail, or final before its start.
    async fn is_canonical(&self, mark: Mark, heads: Heads) -> Option<bool> {
        if self.trail.start().is_none_or(|start| mark.number >= start) {
            return Some(self.trail.at(mark.number) == Some(mark));
        }
        if mark.number > heads.finalized.number {
            return Some(false);
        }
        let header = self.rpc(self.guide()?).header(At::Number(mark.number)).await.ok()??;
        Some(header.block.mark == mark)
    }

    /// Whether enough endpoints give the same receipt.
    async fn is_agreed(&self, hash: TxHash, receipt: Receipt) -> bool {
        let guide = self.guide();
        let mut alike = 1;
        for endpoint in self.quorum.preferred() {
            if alike >= self.shared.needed {
                break;
            }
            if Some(endpoint) != guide && self.rpc(endpoint).receipt(hash).await == Ok(Some(receipt)) {
                alike += 1;
            }
        }
        alike >= self.shared.needed
    }
}
