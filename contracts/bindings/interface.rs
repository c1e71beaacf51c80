//! Typed calls, events, errors and structs of every contract, generated from `abi/*.json`.
//!
//! `interface::DealEscrow::payoutCall` is a call, `interface::DealEscrow::Opened` an event; a struct that the ABI
//! names without a contract, as `Deal`, is in the contract's module: `interface::deal_escrow::Deal`. Each contract
//! has a module of its own, because two of them know the same structs.

macro_rules! interfaces {
    ($($(#[$lint:meta])? $module:ident: $contract:ident from $abi:tt),* $(,)?) => {$(
        #[doc = concat!("`", stringify!($contract), "` and the structs of its ABI.")]
        $(#[$lint])?
        pub mod $module {
            alloy_sol_types::sol!(
                #[sol(extra_derives(Debug, PartialEq, Eq))]
                $contract,
                $abi
            );
        }
        pub use $module::$contract;
    )*};
}

interfaces! {
    accords: Accords from "abi/Accords.json",
    deal_escrow: DealEscrow from "abi/DealEscrow.json",
    drand_beacon: DrandBeacon from "abi/DrandBeacon.json",
    jury_pool: JuryPool from "abi/JuryPool.json",
    mandates: Mandates from "abi/Mandates.json",
    test_identity_registry: TestIdentityRegistry from "abi/TestIdentityRegistry.json",
    #[expect(clippy::too_many_arguments, reason = "as many as a call of the contract has")]
    test_reputation_registry: TestReputationRegistry from "abi/TestReputationRegistry.json",
    test_usdc: TestUsdc from "abi/TestUsdc.json",
    test_usdc_proxy: TestUsdcProxy from "abi/TestUsdcProxy.json",
}
