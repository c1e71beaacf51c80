//! Mandates: which agent speaks for which principal before which spender, and up to what.
//!
//! What was spent decays linearly, by a full limit in a full period, so that there is no edge at which two
//! limits meet; a later mandate carries it over. A serial is used once and in order.
//!
//! Deliberately absent: allow-lists of spenders. A spender uses up only mandates that name it.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::SolEvent;

use super::{
    Turn,
    refusal::{Refusal, ensure, word},
    terms::beside,
};
use crate::{
    abi::{pack, sol::IMandates as M},
    typed::{self, seconds, u40},
};

const WORD_BYTES: usize = 32;
const LENGTH_AT: usize = 64;
const SIGNATURE_AT: usize = 96;
/// `until` is read from the lowest five bytes of its word.
const UNTIL_AT: usize = 27;

/// What a principal lets its agent do before one spender.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Authority {
    /// Whose money it is.
    pub principal: Address,
    /// First Unix second at which it no longer holds; 0 when revoked.
    pub valid_until: u64,
    /// What for.
    pub scopes: u32,
    /// The highest ever seen.
    pub serial: u16,
    /// Micro-USDC; more at once needs the principal's approval.
    pub human_above: u64,
    /// Micro-USDC.
    pub per_period: u64,
    /// Seconds.
    pub period: u32,
    /// Micro-USDC that still counted at `spent_at`.
    pub spent: u64,
    /// Unix seconds.
    pub spent_at: u64,
}

impl Authority {
    /// What is still counted now, rounded against the agent.
    fn spent_now(&self, now: u64) -> u64 {
        if self.spent == 0 {
            return 0;
        }
        let passed = u128::from(now - self.spent_at);
        let decayed = u128::from(self.per_period) * passed / u128::from(self.period);
        u64::try_from(decayed).map_or(0, |decayed| self.spent.saturating_sub(decayed))
    }

    /// What could be spent now, approvals aside, micro-USDC.
    #[must_use]
    pub fn available(&self, now: u64) -> u64 {
        if now >= self.valid_until { 0 } else { self.per_period.saturating_sub(self.spent_now(now)) }
    }

    /// The two words in the contract's storage.
    #[must_use]
    pub fn words(&self) -> [U256; 2] {
        let who =
            beside(&[(self.valid_until, 40), (u64::from(self.scopes), 32), (u64::from(self.serial), 16)]);
        [
            U256::from_be_bytes(self.principal.into_word().0) | who << 160,
            beside(&[
                (self.human_above, 64),
                (self.per_period, 64),
                (self.spent, 64),
                (self.spent_at, 32),
                (u64::from(self.period), 32),
            ]),
        ]
    }
}

/// All authority.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mandates {
    /// By agent and spender.
    pub authorities: BTreeMap<(Address, Address), Authority>,
    /// The highest burnt serial by principal, agent and spender.
    pub burnt: BTreeMap<(Address, Address, Address), u16>,
}

impl Turn<'_> {
    fn emit_mandates(&mut self, event: &impl SolEvent) {
        self.log(self.law.at.contracts.mandates, event.encode_log_data());
    }

    fn authority(&self, agent: Address, spender: Address) -> Authority {
        self.state.mandates.authorities.get(&(agent, spender)).copied().unwrap_or_default()
    }

    fn require_serial(
        &self,
        serial: u16,
        principal: Address,
        agent: Address,
        spender: Address,
    ) -> Result<(), Refusal> {
        let burnt = self.state.mandates.burnt.get(&(principal, agent, spender));
        let highest = burnt.copied().unwrap_or_default();
        ensure!(serial > highest, M::SerialTooLow { serial, highest });
        Ok(())
    }

    pub(super) fn grant(
        &mut self,
        m: &typed::Mandate,
        principal: &Bytes,
        agent: &Bytes,
    ) -> Result<(), Refusal> {
        let now = self.now();
        ensure!(![m.agent, m.principal, m.spender].contains(&Address::ZERO), M::ZeroAddress {});
        ensure!(m.agent != m.principal, M::AgentIsPrincipal { account: m.agent });
        ensure!(m.period != 0, M::NoPeriod {});
        let (from, until) = (m.validFrom, m.validUntil);
        ensure!(now >= seconds(from), M::NotYetValid { validFrom: from, timestamp: word(now) });
        ensure!(now < seconds(until), M::Expired { validUntil: until, timestamp: word(now) });
        let kept = self.authority(m.agent, m.spender);
        ensure!(m.serial > kept.serial, M::SerialTooLow { serial: m.serial, highest: kept.serial });
        self.require_serial(m.serial, m.principal, m.agent, m.spender)?;
        ensure!(
            kept.principal == m.principal || now >= kept.valid_until,
            M::ServesAnother { agent: m.agent, principal: kept.principal }
        );
        let digest = self.mandates_digest(m);
        self.require_signed(m.principal, digest, principal)?;
        self.require_signed(m.agent, digest, agent)?;

        let spent = kept.spent_now(now);
        let authority = Authority {
            principal: m.principal,
            valid_until: seconds(until),
            scopes: m.scopes,
            serial: m.serial,
            human_above: m.humanAbove,
            per_period: m.perPeriod,
            period: m.period,
            spent,
            spent_at: now,
        };
        self.state.mandates.authorities.insert((m.agent, m.spender), authority);
        self.emit_mandates(&M::Granted {
            agent: m.agent,
            principal: m.principal,
            spender: m.spender,
            mandate: pack::mandate(m),
            spent,
        });
        Ok(())
    }

    pub(super) fn revoke(
        &mut self,
        r: &typed::Revoke,
        principal: Address,
        signature: &Bytes,
    ) -> Result<(), Refusal> {
        let (agent, spender, serial) = (r.agent, r.spender, r.serial);
        self.require_serial(serial, principal, agent, spender)?;
        self.require_signed(principal, self.mandates_digest(r), signature)?;
        self.state.mandates.burnt.insert((principal, agent, spender), serial);
        if let Some(kept) = self.state.mandates.authorities.get_mut(&(agent, spender))
            && kept.principal == principal
            && kept.serial <= serial
        {
            (kept.serial, kept.valid_until) = (serial, 0);
        }
        self.emit_mandates(&M::Revoked { agent, principal, spender, serial });
        Ok(())
    }

    pub(super) fn spend(
        &mut self,
        (agent, spender, principal): (Address, Address, Address),
        scope: u32,
        deal: B256,
        amount: u64,
        approval: &Bytes,
    ) -> Result<(), Refusal> {
        let now = self.now();
        let kept = self.authority(agent, spender);
        let (mandated, scopes) = (kept.principal, kept.scopes);
        ensure!(mandated != Address::ZERO, M::NoMandate { agent, spender });
        ensure!(mandated == principal, M::WrongPrincipal { named: principal, mandated });
        let until = kept.valid_until;
        ensure!(now < until, M::Expired { validUntil: u40(until), timestamp: word(now) });
        ensure!(scopes & scope == scope, M::OutOfScope { wanted: scope, scopes });
        let spent = u128::from(kept.spent_now(now)) + u128::from(amount);
        ensure!(
            spent <= u128::from(kept.per_period),
            M::OverPeriod { spent: word(spent), perPeriod: kept.per_period }
        );
        let approved = amount > kept.human_above;
        if approved {
            self.require_approval((spender, principal), deal, (amount, kept.human_above), approval)?;
        }
        let spent = spent as u64;
        let after = Authority { spent, spent_at: now, ..kept };
        self.state.mandates.authorities.insert((agent, spender), after);
        let spend = beside(&[(amount, 64), (spent, 64), (u64::from(approved), 1)]);
        self.emit_mandates(&M::Spent { agent, principal, deal, spend });
        Ok(())
    }

    /// For whom an agent may act now; nobody is the zero address.
    pub(super) fn principal_of(&self, agent: Address, spender: Address, scope: u32) -> Address {
        let kept = self.authority(agent, spender);
        let valid = self.now() < kept.valid_until && kept.scopes & scope == scope;
        if valid { kept.principal } else { Address::ZERO }
    }

    /// `approval` is abi.encode(uint40 until, bytes signature).
    fn require_approval(
        &self,
        (spender, principal): (Address, Address),
        deal: B256,
        (amount, human_above): (u64, u64),
        approval: &Bytes,
    ) -> Result<(), Refusal> {
        let missing = M::ApprovalMissing { amount, humanAbove: human_above };
        ensure!(approval.len() >= SIGNATURE_AT, missing);
        let until = approval[UNTIL_AT..WORD_BYTES].iter().fold(0, |time, byte| time << 8 | u64::from(*byte));
        ensure!(self.now() <= until, M::ApprovalExpired { until: u40(until), timestamp: word(self.now()) });
        let length = U256::from_be_slice(&approval[LENGTH_AT..SIGNATURE_AT]);
        let signature = &approval[SIGNATURE_AT..];
        ensure!(length <= U256::from(signature.len()), missing);
        let approve = typed::Approve { deal, until: u40(until) };
        let signed = (principal, self.mandates_digest(&approve));
        self.require_signed_before(Some(spender), signed, &signature[..length.to::<usize>()])
    }
}
