//! The contracts do what the model says, and the sequences that say so reach what matters.

use nuncio_sim::differential::{DONE, Differential, ITEM, Report};

/// Any other seed gives other sequences; this one is what the counts below were made with.
const SEED: u64 = 1;
/// What the profile of the tests plays in a minute and a half; `nuncio-sim differential` plays as many as it is asked for.
const SEQUENCES: u64 = 100_000;
/// As many as the suite promises a machine to have.
const THREADS: u64 = 2;

/// Every function that moves a deal or its money.
const FUNCTIONS: [&str; 31] = [
    "deposit",
    "depositWithAuthorization",
    "withdraw",
    "withdrawFor",
    "openWithAuthorization",
    "openFromCredit",
    "openFromMandatedCredit",
    "voidDeal",
    "release",
    "cancel",
    "claim",
    "verdict",
    "cosign",
    "consent",
    "payout",
    "payoutAndRate",
    "appeal",
    "settleRuling",
    "rule",
    "timeout",
    "payJurors",
    "rate",
    "payoutMany",
    "settleMany",
    "grant",
    "revoke",
    "spend",
    "blacklist",
    "unBlacklist",
    "pause",
    "approve",
];

/// Custom errors of the escrow and of its mandates, and texts of USDC. Too rare for that, and so not in the
/// list: `ApprovalExpired`, `Blacklisted`, and an authorization of USDC that was used before. Not in
/// the model: `GasTooLow` and `Reentered`, since it knows no gas and nothing that the escrow calls can call back.
const ERRORS: [&str; 71] = [
    "AgentIsPrincipal",
    "AlreadyClaimed",
    "AlreadyRated",
    "ApprovalMissing",
    "AttemptNotHigher",
    "AttemptOutOfRange",
    "BadFallback",
    "BadSignature",
    "BpsTooHigh",
    "BuyerIsSeller",
    "ClaimTooLate",
    "ConsentMissing",
    "CreditTooLow",
    "DueWithoutAmount",
    "EndTooEarly",
    "Expired",
    "FundByPassed",
    "GapInAmounts",
    "JurorIsParty",
    "MilestoneSettled",
    "NoMajority",
    "NoMandate",
    "NoMilestone",
    "NoPanel",
    "NoPeriod",
    "NoRuling",
    "NoSuchMilestone",
    "NotAParty",
    "NotBatchable",
    "NotTheJury",
    "NotThePendingVerdict",
    "NotYet",
    "NotYetValid",
    "NothingForJurors",
    "NothingToSettle",
    "OutOfScope",
    "OverPeriod",
    "PanelTooLarge",
    "PassIsNotReplaced",
    "SerialTooLow",
    "ServesAnother",
    "SignatureCount",
    "SignatureExpired",
    "SignerOutOfPanel",
    "StartAfterFundBy",
    "StoredInFuture",
    "TailTooShort",
    "TooEarlyToFail",
    "TooFewReceipts",
    "TooFewSigners",
    "TooManyFunds",
    "TransferFailed",
    "UnknownFlags",
    "UnsortedAddresses",
    "VaultIsParty",
    "VerdictPending",
    "WindowOver",
    "WrongMandates",
    "WrongMilestone",
    "WrongNonce",
    "WrongPanel",
    "WrongPrincipal",
    "WrongRound",
    "WrongSource",
    "WrongStatus",
    "WrongVaults",
    "ZeroAddress",
    "Pausable: paused",
    "Blacklistable: account is blacklisted",
    "ERC20: transfer amount exceeds balance",
    "FiatTokenV2: invalid signature",
];

#[test]
fn contracts_and_model_never_differ_and_the_usual_endings_are_reached() {
    let report = Report::of(SEED, &(0..SEQUENCES), THREADS);
    for difference in &report.differences {
        eprintln!("{difference}");
    }
    assert!(report.differences.is_empty(), "{} differences", report.differences.len());
    assert_eq!(report.sequences, SEQUENCES);
    for function in FUNCTIONS {
        let done = report.times(function, DONE);
        assert!(done >= 20, "{function} went through {done} times");
    }
    for error in ERRORS {
        let refused = report.times_anywhere(error);
        assert!(refused >= 5, "{error} was given {refused} times");
    }
    assert!(report.by_operation[ITEM].len() >= 20, "{:?}", report.by_operation[ITEM]);
}

#[test]
fn a_run_is_the_same_again_on_any_number_of_threads() {
    let one = Report::of(SEED, &(0..60), 1);
    let three = Report::of(SEED, &(0..60), 3);
    assert_eq!(one.json(), three.json());
}

/// One instruction changed at a place of the escrow's code.
#[derive(Clone, Copy, Debug)]
struct Mutant {
    place: usize,
    after: u8,
}

/// Instructions and what becomes of them: comparisons turn round, sums become differences. No shift to the left: nearly
/// all of them make masks, which matter only to calls that no encoder writes.
const CHANGES: [(u8, u8); 8] = [
    (0x01, 0x03), // ADD, SUB
    (0x03, 0x01), // SUB, ADD
    (0x04, 0x02), // DIV, MUL
    (0x10, 0x11), // LT, GT
    (0x11, 0x10), // GT, LT
    (0x14, 0x10), // EQ, LT
    (0x16, 0x17), // AND, OR
    (0x17, 0x16), // OR, AND
];
const PUSHES: core::ops::RangeInclusive<u8> = 0x60..=0x7f;

/// Every place at which an instruction of the list stands.
fn mutants(code: &[u8]) -> Vec<Mutant> {
    let (mut found, mut place) = (Vec::new(), 0);
    while let Some(before) = code.get(place).copied() {
        if let Some((_, after)) = CHANGES.iter().find(|(from, _)| *from == before) {
            found.push(Mutant { place, after: *after });
        }
        place += if PUSHES.contains(&before) { usize::from(before - 0x5e) } else { 1 };
    }
    found
}

/// The sequences would be worth nothing if wrong code passed them.
#[test]
fn an_escrow_with_one_instruction_changed_is_noticed() {
    const TRIED: usize = 40;
    const SEQUENCES_EACH: u64 = 1000;
    let mut run = Differential::new(SEED);
    let code = run.escrow_code();
    let all = mutants(&code);
    let (mut noticed, mut survivors) = (0, Vec::new());
    for number in 0..TRIED {
        // Evenly over the code, so that every function has some.
        let mutant = all[number * all.len() / TRIED];
        let mut changed = code.clone();
        changed[mutant.place] = mutant.after;
        run.replace_escrow(changed);
        if (0..SEQUENCES_EACH).any(|sequence| run.play(sequence).is_err()) {
            noticed += 1;
        } else {
            survivors.push(mutant);
        }
    }
    println!("{noticed} of {TRIED} noticed, not {survivors:x?}");
    assert!(noticed * 10 >= TRIED * 8, "{noticed} of {TRIED} noticed, not {survivors:x?}");
    run.replace_escrow(code);
    assert_eq!(run.play(0), Ok(()));
}
