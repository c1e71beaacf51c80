//! When a seller claims on chain what it has delivered.

use crate::node::settle::claim_times;

const DUE: u64 = 1_000;
const GRACE: u64 = 100;

#[test]
fn what_nobody_judged_is_claimed_as_soon_as_it_is_due() {
    let times = claim_times(None, DUE, GRACE);
    assert!(!times.contains(&(DUE - 1)));
    assert!(times.contains(&DUE));
    assert!(times.contains(&(DUE + GRACE - 1)));
    assert!(!times.contains(&(DUE + GRACE)), "the contract takes none any more");
}

/// While a verdict on another milestone waits or is under appeal the chain takes none, and refunds what was not claimed.
#[test]
fn what_a_jury_passed_is_claimed_when_the_chain_still_does_not_have_its_verdict() {
    for share in [1, 10_000] {
        let times = claim_times(Some(share), DUE, GRACE);
        assert!(!times.contains(&(DUE + GRACE / 2 - 1)), "there is time for the verdict itself");
        assert!(times.contains(&(DUE + GRACE / 2)));
        assert!(times.contains(&(DUE + GRACE - 1)));
        assert!(!times.contains(&(DUE + GRACE)));
    }
}

#[test]
fn what_a_jury_failed_is_not_claimed() {
    assert!(claim_times(Some(0), DUE, GRACE).is_empty());
}
