//! What a demo leaves behind: one JSON document of schema `nuncio.demo/1`, and the same as a table.
//!
//! Amounts are micro-USDC as decimal strings. Every claim about money is read from the chain.

use std::fmt;

use nuncio_protocol::money::Usdc;
use serde::Serialize;

/// The schema's name.
pub const SCHEMA: &str = "nuncio.demo/1";

/// A whole demo.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Always [`SCHEMA`].
    pub schema: &'static str,
    /// Whether every story's every check held.
    pub ok: bool,
    /// In the order told.
    pub stories: Vec<StoryReport>,
}

/// How a story ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// Delivered, judged, paid.
    Completed,
    /// The buyer got its money back.
    Refunded,
    /// An appeal panel decided.
    Ruled,
    /// It did not come to an end.
    Blocked,
}

/// One story.
#[derive(Clone, Debug, Serialize)]
pub struct StoryReport {
    /// Its name.
    pub story: &'static str,
    /// Whether every check held.
    pub ok: bool,
    /// How long it took.
    pub seconds: f64,
    /// How it ended.
    pub outcome: End,
    /// The NDA's id.
    pub nda: String,
    /// The agreement's id.
    pub agreement: String,
    /// The deal's id.
    pub deal: String,
    /// Who judged.
    pub panel: PanelReport,
    /// In order.
    pub milestones: Vec<MilestoneReport>,
    /// Of every principal, and of the escrow itself.
    pub balances: Vec<Balance>,
    /// What is left in the escrow.
    pub escrow: EscrowReport,
    /// Every act on chain since the stage was set.
    pub transactions: Vec<Transaction>,
    /// Both ways.
    pub ratings: Vec<RatingReport>,
    /// What was checked.
    pub checks: Vec<Check>,
}

/// Who judged.
#[derive(Clone, Debug, Default, Serialize)]
pub struct PanelReport {
    /// The beacon round that drew them.
    pub round: u64,
    /// Seats.
    pub size: usize,
    /// Signatures that make a verdict.
    pub quorum: u8,
    /// Accounts.
    pub jurors: Vec<String>,
}

/// One milestone.
#[derive(Clone, Debug, Serialize)]
pub struct MilestoneReport {
    /// From 0.
    pub index: u8,
    /// What it was worth.
    pub amount: Usdc,
    /// Deliveries that it took.
    pub attempts: u8,
    /// Paid to the seller's side.
    pub to_seller: Usdc,
    /// Paid back.
    pub to_buyer: Usdc,
    /// The verdict's digest.
    pub verdict: String,
    /// The transaction that settled it.
    pub tx: String,
}

/// An account's USDC, its credit in the escrow included.
#[derive(Clone, Debug, Serialize)]
pub struct Balance {
    /// Whose.
    pub who: String,
    /// Which account.
    pub address: String,
    /// When the stage was set.
    pub before: Usdc,
    /// At the end.
    pub after: Usdc,
    /// What the terms say it must be.
    pub expected: Usdc,
}

/// What is left in the escrow.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct EscrowReport {
    /// Of this deal: nothing, if all is well.
    pub left: Usdc,
    /// As credit of the cast.
    pub credit: Usdc,
}

/// One act on chain.
#[derive(Clone, Debug, Serialize)]
pub struct Transaction {
    /// What it was.
    pub act: String,
    /// Which.
    pub tx: String,
    /// What it used.
    pub gas: u64,
}

/// One rating.
#[derive(Clone, Debug, Serialize)]
pub struct RatingReport {
    /// Who rates.
    pub from: String,
    /// Whom.
    pub about: String,
    /// How well.
    pub value: i64,
}

/// Something that was checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// As a sentence.
    pub name: String,
    /// Whether it held.
    pub ok: bool,
}

impl Report {
    /// A report of these stories.
    #[must_use]
    pub fn new(stories: Vec<StoryReport>) -> Self {
        Self { schema: SCHEMA, ok: !stories.is_empty() && stories.iter().all(|story| story.ok), stories }
    }
}

impl fmt::Display for StoryReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n{} · {:?} in {:.1} s", self.story, self.outcome, self.seconds)?;
        writeln!(f, "\nnda        {}\nagreement  {}\ndeal       {}", self.nda, self.agreement, self.deal)?;
        writeln!(
            f,
            "panel      beacon round {}, {} seats, quorum {}",
            self.panel.round, self.panel.size, self.panel.quorum
        )?;
        writeln!(f, "\nmilestone  amount       attempts  to seller    to buyer     verdict")?;
        for m in &self.milestones {
            let verdict = m.verdict.get(..18).unwrap_or(&m.verdict);
            let (amount, seller, buyer) = (usdc(m.amount), usdc(m.to_seller), usdc(m.to_buyer));
            writeln!(
                f,
                "{:<9}  {amount:<11}  {:<8}  {seller:<11}  {buyer:<11}  {verdict}",
                m.index, m.attempts
            )?;
        }
        writeln!(f, "\nwho                            before        after         expected")?;
        for b in &self.balances {
            let mark = if b.after == b.expected { "" } else { "  <- not as agreed" };
            let (before, after, expected) = (usdc(b.before), usdc(b.after), usdc(b.expected));
            writeln!(f, "{:<29}  {before:<12}  {after:<12}  {expected}{mark}", b.who)?;
        }
        writeln!(f, "\ngas      act                       transaction")?;
        for t in &self.transactions {
            writeln!(f, "{:>7}  {:<24}  {}", t.gas, t.act, t.tx)?;
        }
        for r in &self.ratings {
            writeln!(f, "\n{} rates {} with {}", r.from, r.about, r.value)?;
        }
        writeln!(f)?;
        for check in &self.checks {
            writeln!(f, "{}  {}", if check.ok { "held  " } else { "BROKEN" }, check.name)?;
        }
        Ok(())
    }
}

/// An amount for people: USDC with six decimals.
fn usdc(amount: Usdc) -> String {
    format!("{}.{:06}", amount.0 / 1_000_000, amount.0 % 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_demo_is_fine_only_if_every_check_of_every_story_held() {
        assert!(!Report::new(Vec::new()).ok, "nothing told is nothing shown");
    }

    #[test]
    fn amounts_are_decimal_strings_in_micro_usdc() {
        let balance = Balance {
            who: "buyer".into(),
            address: "0x".into(),
            before: Usdc(180_000_000),
            after: Usdc(0),
            expected: Usdc(0),
        };
        let json = serde_json::to_value(balance).unwrap();
        assert_eq!(json["before"], "180000000");
        assert_eq!(usdc(Usdc(54_000_001)), "54.000001");
    }
}
