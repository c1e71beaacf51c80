//! A contract together with what its constructor wants.
//!
//! One variant per contract, its fields the constructor's arguments under their own names; the encoding is
//! generated from the committed ABI, so a constructor that changes breaks the build here and nowhere else.
//!
//! Deliberately absent: addresses of anything. Which contract another one is told of is the plan's business.

use alloy_primitives::aliases::U40;
use alloy_primitives::{Address, Bytes};
use alloy_sol_types::SolConstructor;
use serde::{Deserialize, Serialize};

use crate::contract::Contract;
use crate::interface;

/// The parameters of a drand network of the scheme `bls-unchained-g1-rfc9380`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Beacon {
    /// The key on G2, uncompressed: `x.c1 ‖ x.c0 ‖ y.c1 ‖ y.c0`, 48 bytes each.
    #[serde(with = "alloy_primitives::hex::serde")]
    pub public_key: [u8; 192],
    /// The time of round 1, in Unix seconds.
    pub genesis: u32,
    /// Seconds between two rounds.
    pub period_secs: u32,
}

/// What the contracts keep for ever as constants: a stake, and constants in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Constants {
    /// What one seat of the jury puts down, in micro-USDC.
    pub seat_stake: u64,
    /// How old a seat must be at an appeal to be drawn for it.
    pub seat_age_secs: u32,
    /// The appeal's beacon round is the first at a full multiple of this.
    pub round_grid_secs: u32,
    /// How far ahead that round must lie at least.
    pub round_delay_secs: u32,
    /// How long a drawn panel has for its ruling.
    pub ruling_time_secs: u32,
    /// How long the stake of a seat that left stays.
    pub exit_delay_secs: u32,
    /// How long after the due time a claim is taken, and jurors may sign after the close.
    pub grace_secs: u32,
    /// When an appeal without a ruling is over: two draws and two rulings must fit.
    pub appeal_limit_secs: u32,
}

impl Constants {
    /// For a chain with money: no deadline at which an honest party loses something is shorter than a day.
    pub const PRODUCTION: Self = Self {
        seat_stake: 100_000_000,
        seat_age_secs: 24 * HOUR,
        round_grid_secs: HOUR,
        round_delay_secs: 10 * 60,
        ruling_time_secs: 48 * HOUR,
        exit_delay_secs: 8 * 24 * HOUR,
        grace_secs: 24 * HOUR,
        appeal_limit_secs: 5 * 24 * HOUR,
    };

    /// For a local chain with a block and a beacon round each second: every step in a person's patience.
    pub const LOCAL: Self = Self {
        seat_stake: 100_000_000,
        seat_age_secs: 1,
        round_grid_secs: 4,
        round_delay_secs: 3,
        ruling_time_secs: 20,
        exit_delay_secs: 30,
        grace_secs: 5,
        appeal_limit_secs: 60,
    };
}

const HOUR: u32 = 3600;

/// A contract and the arguments of its constructor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Creation {
    /// [`Contract::Accords`].
    Accords,
    /// [`Contract::DealEscrow`]: of one USDC, for mandates of one contract.
    DealEscrow { usdc: Address, mandates: Address, constants: Constants },
    /// [`Contract::DrandBeacon`].
    DrandBeacon(Beacon),
    /// [`Contract::JuryPool`]: with stakes in one USDC, drawn by one beacon, for the deals of one escrow.
    JuryPool { usdc: Address, beacon: Address, escrow: Address, constants: Constants },
    /// [`Contract::Mandates`].
    Mandates,
    /// [`Contract::TestIdentityRegistry`].
    TestIdentityRegistry,
    /// [`Contract::TestReputationRegistry`]: about the agents of one identity registry.
    TestReputationRegistry { identities: Address },
    /// [`Contract::TestUsdc`].
    TestUsdc,
    /// [`Contract::TestUsdcProxy`]: in front of one code, which `admin` may exchange.
    TestUsdcProxy { implementation: Address, admin: Address },
}

impl Creation {
    /// What is created.
    #[must_use]
    pub const fn contract(&self) -> Contract {
        match self {
            Self::Accords => Contract::Accords,
            Self::DealEscrow { .. } => Contract::DealEscrow,
            Self::DrandBeacon(_) => Contract::DrandBeacon,
            Self::JuryPool { .. } => Contract::JuryPool,
            Self::Mandates => Contract::Mandates,
            Self::TestIdentityRegistry => Contract::TestIdentityRegistry,
            Self::TestReputationRegistry { .. } => Contract::TestReputationRegistry,
            Self::TestUsdc => Contract::TestUsdc,
            Self::TestUsdcProxy { .. } => Contract::TestUsdcProxy,
        }
    }

    /// The creation code with the encoded arguments behind it: the data of a creating transaction.
    #[must_use]
    pub fn init_code(&self) -> Bytes {
        let arguments = match self {
            Self::Accords | Self::Mandates | Self::TestIdentityRegistry | Self::TestUsdc => Vec::new(),
            Self::DealEscrow { usdc, mandates, constants } => interface::DealEscrow::constructorCall {
                usdc_: *usdc,
                mandates_: *mandates,
                grace_: U40::from(constants.grace_secs),
                appealLimit_: U40::from(constants.appeal_limit_secs),
            }
            .abi_encode(),
            Self::DrandBeacon(beacon) => interface::DrandBeacon::constructorCall {
                key: Bytes::copy_from_slice(&beacon.public_key),
                genesis_: U40::from(beacon.genesis),
                period_: beacon.period_secs,
            }
            .abi_encode(),
            Self::JuryPool { usdc, beacon, escrow, constants } => interface::JuryPool::constructorCall {
                usdc_: *usdc,
                beacon_: *beacon,
                escrow_: *escrow,
                stake_: constants.seat_stake,
                seatAge_: U40::from(constants.seat_age_secs),
                roundGrid_: U40::from(constants.round_grid_secs),
                roundDelay_: U40::from(constants.round_delay_secs),
                rulingTime_: U40::from(constants.ruling_time_secs),
                exitDelay_: U40::from(constants.exit_delay_secs),
            }
            .abi_encode(),
            Self::TestReputationRegistry { identities } => {
                interface::TestReputationRegistry::constructorCall { identityRegistry: *identities }
                    .abi_encode()
            }
            Self::TestUsdcProxy { implementation, admin } => interface::TestUsdcProxy::constructorCall {
                firstImplementation: *implementation,
                firstAdmin: *admin,
            }
            .abi_encode(),
        };
        [self.contract().bytecode().as_ref(), &arguments].concat().into()
    }
}
