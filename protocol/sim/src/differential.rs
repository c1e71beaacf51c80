//! The contracts beside the model: the same acts, and not one difference.
//!
//! A sequence is a few acts on one or two deals, by anybody, good and bad, with jumps in time, bars and
//! pauses of USDC, contract wallets on both sides, and juries that answer anything. Each act runs in
//! [`nuncio_protocol::escrow`] and in the committed bytecode. After each, the ending must be the same
//! to the byte of the revert data, every log in order, every word of storage that was written, and all
//! money. At the end of a sequence everything is compared, and of some sequences through the
//! contracts' own views as well.
//!
//! Sequences are numbered and follow from the seed. A [`Difference`] has the number, the shortest list
//! of steps that still shows it, and both answers.
//!
//! Deliberately absent: gas, reentrance, the hearings of `JuryPool` (a jury answers what it is told
//! here), `Accords`, and time measured by a clock.

use std::{collections::HashMap, fmt, sync::Arc};

use alloy_primitives::{Address, U256, keccak256};
use nuncio_contracts::{Beacon, Constants};
use nuncio_protocol::escrow::{Act, Law, Moment, State};

mod actors;
mod dice;
mod evm;
mod ground;
mod mirror;
mod moves;
mod pool;
mod report;
mod script;
mod shrink;
mod tally;
mod views;

pub use report::Report;
pub use tally::{Counts, DONE, ITEM};

use actors::Actors;
use dice::Dice;
use evm::{Answer, Evm, Write};
use mirror::{Atlas, Mirror, deals_of};
use moves::{Plot, Stagecraft};
use pool::Prospect;
use script::{Step, What};
use tally::Tally;

use crate::{beacon::BeaconKey, chain::Founding};

/// Deals that sequences share, so that signatures are made once.
const POOL: u64 = 600;
/// Of a hundred sequences, so many have a deal of their own.
const FRESH_PERCENT: u64 = 4;
/// Every so many sequences the views are asked too.
const VIEWED: u64 = 128;
/// What the chain begins with, Unix seconds.
const GENESIS: u32 = 1_800_000_000;

/// Both runs, set up once and set back for each sequence.
pub struct Differential {
    seed: u64,
    craft: Arc<Stagecraft>,
    pool: HashMap<u64, Prospect>,
    atlas: Atlas,
    evm: Evm,
    first: (State, Mirror),
    tally: Tally,
    acts: u64,
}

/// Both sides as they stand in the middle of a sequence.
struct Live {
    state: State,
    mirror: Mirror,
    now: u64,
}

/// Where model and contract part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The seed of the run.
    pub seed: u64,
    /// The sequence's number.
    pub sequence: u64,
    /// How many steps it had up to the difference, and how many are left in `steps`.
    pub steps_before: usize,
    /// The steps that show it, one line each.
    pub steps: Vec<String>,
    /// What differs.
    pub unlike: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, sequence, steps_before, steps, unlike } = self;
        writeln!(f, "seed {seed}, sequence {sequence}: {} of {steps_before} steps show it", steps.len())?;
        for step in steps {
            writeln!(f, "  {step}")?;
        }
        write!(f, "{unlike}")
    }
}

impl fmt::Debug for Differential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Differential")
            .field("seed", &self.seed)
            .field("acts", &self.acts)
            .finish_non_exhaustive()
    }
}

impl Differential {
    /// Deploys everything and gives everybody money, in the model and in the machine.
    ///
    /// # Panics
    /// When both differ already there.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let key = BeaconKey::from_seed(b"nuncio-sim");
        let beacon = Beacon { public_key: key.public_uncompressed(), genesis: GENESIS, period_secs: 1 };
        let founding = Founding::new(u64::from(GENESIS), &beacon);
        let actors = Actors::new();
        let Constants { grace_secs, appeal_limit_secs, .. } = Constants::LOCAL;
        let times = (u64::from(grace_secs), u64::from(appeal_limit_secs));
        let law = Law::new(
            founding.deployment,
            &founding.usdc,
            times,
            crate::chain::OPERATOR,
            actors.wallets.clone(),
        );
        let evm = Evm::new(Arc::new(founding.chain.ground().clone()));
        let atlas = Atlas::of_accounts(&actors, &law.at);
        let craft = Stagecraft::new(actors, law, founding.usdc);
        let mut run = Self {
            seed,
            craft: Arc::new(craft),
            pool: HashMap::new(),
            atlas,
            evm,
            first: (State::default(), Mirror::default()),
            tally: Tally::default(),
            acts: 0,
        };
        run.lay_ground();
        run
    }

    /// Plays the sequence of a number, and counts what it tried.
    ///
    /// # Errors
    /// The first difference, with the fewest steps that show it.
    pub fn play(&mut self, sequence: u64) -> Result<(), Box<Difference>> {
        let mut dice = Dice::new(self.seed, 2, sequence);
        let deals = self.prospects(&mut dice, sequence);
        let length = 5 + dice.below(8);
        let mut plot = Plot::new(Arc::clone(&self.craft), dice, deals);
        let mut steps = Vec::new();
        let mut live = self.begin();
        for _ in 0..length {
            let step = plot.next(&live.state);
            let played = self.step(&mut live, &step, true);
            steps.push(step);
            if let Err(unlike) = played {
                return Err(Box::new(self.shrunk(sequence, steps, unlike)));
            }
        }
        let end = self.end(&mut live, sequence % VIEWED == 0);
        end.map_err(|unlike| Box::new(self.shrunk(sequence, steps, unlike)))
    }

    /// The code of the escrow as it runs.
    #[must_use]
    pub fn escrow_code(&self) -> Vec<u8> {
        self.evm.code(self.craft.law.at.contracts.escrow)
    }

    /// Puts other code in the escrow's place, to see that it is noticed.
    pub fn replace_escrow(&mut self, code: Vec<u8>) {
        self.evm.rewind();
        self.evm.put_code(self.craft.law.at.contracts.escrow, code);
        self.evm.settle();
    }

    /// How many acts were run.
    #[must_use]
    pub const fn acts(&self) -> u64 {
        self.acts
    }

    /// What was tried and how it ended.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.tally.named()
    }

    /// One or two deals out of the pool, or one of its own.
    fn prospects(&mut self, dice: &mut Dice, sequence: u64) -> Vec<Prospect> {
        let count = if dice.percent(25) { 2 } else { 1 };
        (0..count)
            .map(|_| {
                let fresh = dice.percent(FRESH_PERCENT);
                let number = if fresh { POOL + sequence } else { dice.below(POOL) };
                if let Some(known) = self.pool.get(&number) {
                    return known.clone();
                }
                let Stagecraft { actors, law, .. } = &*self.craft;
                let prospect = Prospect::numbered(self.seed, number, actors, law);
                self.atlas.add_deal(&prospect.terms, &law.at);
                if !fresh {
                    self.pool.insert(number, prospect.clone());
                }
                prospect
            })
            .collect()
    }

    fn begin(&mut self) -> Live {
        self.evm.rewind();
        let (state, mirror) = self.first.clone();
        Live { state, mirror, now: pool::DAWN }
    }

    /// Runs one step on both sides.
    fn step(&mut self, live: &mut Live, step: &Step, counted: bool) -> Result<(), String> {
        live.now = live.now.max(step.at);
        match &step.what {
            What::Answer { jury, deal, milestone, word } => {
                live.state.rulings.insert((*jury, *deal, *milestone), *word);
                let question = [deal.0, U256::from(*milestone).to_be_bytes()].concat();
                let slot = keccak256(question).into();
                self.evm.write(Write { account: *jury, slot, value: *word });
                Ok(())
            }
            What::Send { from, act } => self.send(live, *from, act, counted),
        }
    }

    fn send(&mut self, live: &mut Live, from: Address, act: &Act, counted: bool) -> Result<(), String> {
        let Stagecraft { actors, law, .. } = &*self.craft;
        let call = act.call(law);
        let (answer, writes) = self.evm.send(live.now, from, call.to, call.data);
        let moment = Moment { now: live.now, from };
        let model = live.state.perform(law, actors, moment, act);
        if counted {
            self.acts += 1;
            match &model {
                Ok(logs) => self.tally.count(act.name(), Ok(logs)),
                Err(refusal) => self.tally.count(act.name(), Err(&refusal.0)),
            }
        }
        match (model, answer) {
            (Ok(logs), Answer::Done(contract)) => {
                let differs = logs.iter().zip(&contract).position(|(a, b)| a != b);
                if let Some(at) = differs {
                    return Err(format!(
                        "log {at}:\n  model    {:?}\n  contract {:?}",
                        logs[at], contract[at]
                    ));
                }
                if logs.len() != contract.len() {
                    return Err(format!("logs:\n  model    {logs:?}\n  contract {contract:?}"));
                }
                live.mirror.take(&self.atlas, &writes)?;
                live.mirror.agrees(&live.state)
            }
            (Err(refusal), Answer::Reverted(reason)) if refusal.0 == reason => {
                if writes.is_empty() {
                    Ok(())
                } else {
                    Err(format!("a revert wrote {writes:?}"))
                }
            }
            (model, answer) => Err(format!(
                "ending:\n  model    {}\n  contract {}",
                model.map_or_else(|refusal| format!("{refusal:?}"), |_| DONE.to_owned()),
                answer.told(),
            )),
        }
    }

    /// Compares everything.
    fn end(&mut self, live: &mut Live, views: bool) -> Result<(), String> {
        live.mirror.agrees_whole(&live.state, self.craft.law.operator)?;
        if views { self.agree_in_views(live) } else { Ok(()) }
    }
}

/// The act on one line.
fn told(step: &Step) -> String {
    let what = match &step.what {
        What::Answer { jury, milestone, word, .. } => {
            format!("jury {jury} answers {word:#x} about milestone {milestone}")
        }
        What::Send { from, act } => {
            let deals: Vec<String> =
                deals_of(act).iter().map(|terms| terms.id.to_string()[..10].to_owned()).collect();
            format!("{from} sends {} {act:?}", deals.join(" "))
        }
    };
    format!("at {}: {what}", step.at)
}
