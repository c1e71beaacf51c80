//! What everybody has before a sequence begins: USDC, credit, allowances, mandates.
//!
//! Minting is USDC's own business and only the machine does it; everything else is acts, run on both
//! sides and compared like any other.
//!
//! Deliberately absent: deals.

use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::SolCall;
use nuncio_contracts::interface::TestUsdc;
use nuncio_protocol::{
    escrow::{Act, State},
    typed::{Mandate, u40},
};

use super::{
    Differential, Live,
    evm::Answer,
    mirror::Mirror,
    pool::{DAWN, USDC, principal_of},
    script::{Step, What},
};

/// What everybody has in its hands, and as credit.
const PURSE: u64 = 20_000 * USDC;
const CREDIT: u64 = 3000 * USDC;
/// One buyer has more than all terms can ask for.
const HOARD: u128 = 1 << 70;

impl Differential {
    pub(super) fn lay_ground(&mut self) {
        self.craft.actors.move_in(&mut self.evm);
        let mut state = State::default();
        let everybody: Vec<Address> = self.craft.actors.everybody().into_iter().collect();
        let rich = self.craft.actors.buyers[0];
        for account in everybody.iter().copied() {
            let amount = if account == rich { HOARD } else { u128::from(PURSE) };
            self.mint(account, amount);
            state.token.balances.insert(account, amount);
        }
        let mirror = Mirror::of(&state, self.craft.law.operator);
        let mut live = Live { state, mirror, now: DAWN - 1 };
        for (from, act) in self.beginnings(&everybody, rich) {
            let what = What::Send { from, act: Box::new(act) };
            let step = Step { at: DAWN - 1, what };
            if let Err(unlike) = self.step(&mut live, &step, false) {
                panic!("before the first sequence: {unlike}");
            }
        }
        self.evm.settle();
        self.first = (live.state, live.mirror);
    }

    fn mint(&mut self, to: Address, amount: u128) {
        let law = &self.craft.law;
        let call = TestUsdc::mintCall { to, amount: U256::from(amount) };
        let (answer, _) = self.evm.send(DAWN - 1, law.operator, law.at.usdc, call.abi_encode().into());
        assert!(matches!(answer, Answer::Done(_)), "mint: {}", answer.told());
    }

    fn beginnings(&self, everybody: &[Address], rich: Address) -> Vec<(Address, Act)> {
        let (actors, law) = (&self.craft.actors, &self.craft.law);
        let escrow = law.at.contracts.escrow;
        let mut acts = vec![(rich, Act::Allow { spender: escrow, amount: U256::MAX })];
        for owner in everybody.iter().copied() {
            acts.push((rich, Act::Deposit { owner, amount: CREDIT }));
        }
        acts.push((actors.sellers[0], Act::Allow { spender: escrow, amount: U256::from(USDC) }));
        for agent in actors.buyers.iter().chain(&actors.sellers).copied() {
            for spender in [escrow, actors.stranger] {
                acts.push((actors.stranger, self.mandate(agent, spender)));
            }
        }
        acts
    }

    /// What a wallet that says no has signed is refused, by both sides alike.
    fn mandate(&self, agent: Address, spender: Address) -> Act {
        let actors = &self.craft.actors;
        let principal = principal_of(actors, agent);
        let mandate = Mandate {
            agent,
            principal,
            spender,
            card: B256::repeat_byte(1),
            agentId: U256::from(3),
            humanAbove: 100 * USDC,
            perPeriod: 500 * USDC,
            period: 60,
            scopes: 3,
            validFrom: u40(DAWN - 1000),
            validUntil: u40(DAWN + 10_000),
            policy: B256::repeat_byte(2),
            serial: 2,
        };
        let digest = self.craft.mandates_digest(&mandate);
        let sign = |account| actors.sign(account, digest, true);
        Act::Grant { principal: sign(principal), agent: sign(agent), mandate }
    }
}
