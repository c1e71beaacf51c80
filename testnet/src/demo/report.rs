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
    /// What the jurors are owed together, by the terms and by who signed.
    pub fee: Usdc,
    /// What is left in the escrow.
    pub escrow: EscrowReport,
    /// Every act on chain since the stage was set.
    pub transactions: Vec<Transaction>,
    /// Both ways.
    pub ratings: Vec<RatingReport>,
    /// Of all who trade, by the buyer's node.
    pub trust: Vec<TrustReport>,
    /// What all scores were computed from at the end.
    pub scores: ScoresReport,
    /// What each daemon had in memory at most while the deal went on.
    pub memory: Vec<Memory>,
    /// What was checked.
    pub checks: Vec<Check>,
}

/// A daemon's memory.
#[derive(Clone, Debug, Serialize)]
pub struct Memory {
    /// Whose.
    pub who: String,
    /// Resident bytes, the most that was seen.
    pub rss_bytes_max: u64,
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
    /// How far its jurors agreed, in basis points; told in the table alone.
    #[serde(skip)]
    pub consensus: Option<u16>,
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

/// What an agent was thought of before the story and after it, in basis points.
#[derive(Clone, Debug, Serialize)]
pub struct TrustReport {
    /// Who.
    pub who: String,
    /// The worse of the two grades.
    pub score: [u16; 2],
    /// For prices and admission.
    pub risk: [u16; 2],
    /// For ranking.
    pub standing: [u16; 2],
    /// The share of its pacts that it kept, by verdicts; nothing where nobody judged.
    pub pact: [Option<u16>; 2],
    /// Settled deals.
    pub deals: [u64; 2],
    /// The ratings that weigh most at the end.
    pub because: Vec<Reason>,
}

/// A rating that explains a score.
#[derive(Clone, Debug, Serialize)]
pub struct Reason {
    /// Who rated.
    pub rater: String,
    /// On which deal.
    pub deal: String,
    /// How.
    pub value: i64,
    /// What it weighs: 10 000 is a full deal with a fully credible rater.
    pub weight_bps: u64,
}

/// What scores were computed from, and which nodes computed the same.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ScoresReport {
    /// Ratings that count.
    pub records: u64,
    /// Ratings that do not.
    pub left_out: u64,
    /// From whom credibility is walked.
    pub seeds: Vec<String>,
    /// The hash over the ratings.
    pub records_root: String,
    /// The hash over day and seeds.
    pub parameters_hash: String,
    /// The hash over all scores.
    pub scores_root: String,
    /// Nodes with the same three hashes.
    pub same_on: Vec<String>,
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
        writeln!(f, "\nmilestone  amount       attempts  to seller    to buyer     consensus  verdict")?;
        for m in &self.milestones {
            let verdict = m.verdict.get(..18).unwrap_or(&m.verdict);
            let (amount, seller, buyer) = (usdc(m.amount), usdc(m.to_seller), usdc(m.to_buyer));
            let agreed =
                m.consensus.map_or_else(|| "-".to_owned(), |bps| format!("{:.2}", f64::from(bps) / 1e4));
            writeln!(
                f,
                "{:<9}  {amount:<11}  {:<8}  {seller:<11}  {buyer:<11}  {agreed:<9}  {verdict}",
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
        writeln!(
            f,
            "\nbps             score            risk             standing         pact             deals"
        )?;
        for t in &self.trust {
            let moved = |[before, after]: [u16; 2]| format!("{before} -> {after}");
            let kept = |share: Option<u16>| share.map_or_else(|| "-".to_owned(), |share| share.to_string());
            let (score, risk, standing) = (moved(t.score), moved(t.risk), moved(t.standing));
            let pact = t.pact.map(kept).join(" -> ");
            let deals = t.deals.map(|deals| deals.to_string()).join(" -> ");
            writeln!(f, "{:<14}  {score:<15}  {risk:<15}  {standing:<15}  {pact:<15}  {deals}", t.who)?;
        }
        for t in &self.trust {
            for r in &t.because {
                writeln!(
                    f,
                    "{} is thought of so because {} rated it {} (weight {}, deal {})",
                    t.who,
                    r.rater,
                    r.value,
                    r.weight_bps,
                    r.deal.get(..12).unwrap_or(&r.deal)
                )?;
            }
        }
        let s = &self.scores;
        writeln!(
            f,
            "scores     {} of {} ratings, the same on {} nodes",
            s.scores_root,
            s.records,
            s.same_on.len()
        )?;
        writeln!(f, "\nMiB        daemon, the most in memory during the deal")?;
        for m in &self.memory {
            let tenths = m.rss_bytes_max / (1 << 20) * 10 + m.rss_bytes_max % (1 << 20) * 10 / (1 << 20);
            writeln!(f, "{:<9}  {}", format!("{}.{}", tenths / 10, tenths % 10), m.who)?;
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
