//! The promises of the quorum rule.

use super::*;

const CHAIN: u64 = 8453;

fn mark(number: u64, fork: u8) -> Mark {
    let mut hash = [fork; 32];
    hash[..8].copy_from_slice(&number.to_be_bytes());
    Mark { number, hash: BlockHash(hash) }
}

/// Heads of an honest endpoint whose newest block is `number`, on fork 0 up to `safe`.
fn heads(number: u64, fork: u8) -> Heads {
    let latest = Block { mark: mark(number, fork), parent: BlockHash::default(), time: 2 * number };
    Heads { latest, safe: mark(number - 2, fork), finalized: mark(number - 4, fork) }
}

fn quorum(endpoints: usize) -> Quorum {
    Quorum::new(CHAIN, endpoints)
}

/// Answers every question on fork 0.
fn answer_all(quorum: &mut Quorum) {
    for ask in quorum.asks() {
        assert!(quorum.on_hash(ask.endpoint, mark(ask.number, 0), ask.level).is_empty());
    }
}

#[test]
fn one_of_one_two_of_two_two_of_three_and_a_majority_above() {
    let rows = [(1, 1), (2, 2), (3, 2), (4, 3), (5, 3), (7, 4)];
    for (endpoints, needed) in rows {
        assert_eq!(quorum(endpoints).needed(), needed, "of {endpoints}");
    }
}

#[test]
fn one_of_three_alone_is_never_believed() {
    let mut quorum = quorum(3);
    quorum.on_heads(Endpoint(0), heads(100, 0));
    assert_eq!((quorum.agreed(Level::Safe), quorum.agreed(Level::Final)), (None, None));
    quorum.on_heads(Endpoint(1), heads(100, 0));
    assert_eq!(quorum.agreed(Level::Safe), Some(mark(98, 0)));
    assert_eq!(quorum.agreed(Level::Final), Some(mark(96, 0)));
}

#[test]
fn endpoints_that_are_not_equally_far_agree_where_both_have_been() {
    let mut quorum = quorum(3);
    quorum.on_heads(Endpoint(0), heads(100, 0));
    quorum.on_heads(Endpoint(1), heads(107, 0));
    assert_eq!(quorum.agreed(Level::Final), None);
    assert_eq!(quorum.asks().len(), 2);
    answer_all(&mut quorum);
    assert!(quorum.asks().is_empty());
    assert_eq!(quorum.agreed(Level::Safe), Some(mark(98, 0)));
    assert_eq!(quorum.agreed(Level::Final), Some(mark(96, 0)));
    quorum.on_heads(Endpoint(0), heads(107, 0));
    assert_eq!(quorum.heads(), Some(heads(107, 0)));
}

#[test]
fn a_liar_about_a_final_block_is_struck_and_its_word_is_gone() {
    let mut quorum = quorum(3);
    quorum.on_heads(Endpoint(0), heads(100, 0));
    quorum.on_heads(Endpoint(2), heads(100, 9));
    let struck = quorum.on_heads(Endpoint(1), heads(100, 0));
    assert!(matches!(struck[..], [(Endpoint(2), Strike::Outvoted { number: 96, .. })]), "{struck:?}");
    assert!(quorum.struck(Endpoint(2)).is_some());
    quorum.on_heads(Endpoint(2), heads(900, 9));
    assert_eq!(quorum.latest(), Some(heads(100, 0).latest));
    assert_eq!(quorum.preferred(), [Endpoint(0), Endpoint(1)]);
}

#[test]
fn an_endpoint_that_changes_a_final_block_is_struck_even_alone() {
    let mut quorum = quorum(1);
    quorum.on_heads(Endpoint(0), heads(100, 0));
    let struck = quorum.on_heads(Endpoint(0), heads(100, 1));
    assert!(matches!(struck[..], [(Endpoint(0), Strike::ChangedFinal { number: 96, .. })]));
    assert_eq!(quorum.heads(), None);
}

#[test]
fn another_chain_is_struck_with_both_ids() {
    let mut quorum = quorum(2);
    assert_eq!(quorum.on_chain_id(Endpoint(0), CHAIN), None);
    let strike = Strike::WrongChain { expected: CHAIN, actual: 1 };
    assert_eq!(quorum.on_chain_id(Endpoint(1), 1), Some(strike));
    assert_eq!(quorum.on_chain_id(Endpoint(1), 1), None, "counted once");
}

#[test]
fn two_endpoints_that_disagree_give_no_fact_and_no_strike() {
    let mut quorum = quorum(2);
    quorum.on_heads(Endpoint(0), heads(100, 0));
    assert!(quorum.on_heads(Endpoint(1), heads(100, 9)).is_empty());
    assert_eq!(quorum.heads(), None);
}

#[test]
fn a_stale_endpoint_does_not_count_until_it_has_caught_up() {
    let mut quorum = quorum(3);
    quorum.on_heads(Endpoint(0), heads(100, 0));
    quorum.on_heads(Endpoint(1), heads(100, 0));
    quorum.on_heads(Endpoint(2), heads(200, 0));
    assert_eq!(quorum.agreed(Level::Safe), None, "only one is fresh");
    assert_eq!(quorum.preferred(), [Endpoint(2)]);
    quorum.on_heads(Endpoint(1), heads(190, 0));
    answer_all(&mut quorum);
    assert_eq!(quorum.agreed(Level::Safe), Some(mark(188, 0)));
}

#[test]
fn what_was_final_stays_final_when_endpoints_go_down_but_safe_does_not() {
    let mut quorum = quorum(3);
    quorum.on_heads(Endpoint(0), heads(100, 0));
    quorum.on_heads(Endpoint(1), heads(100, 0));
    quorum.on_silence(Endpoint(0));
    assert_eq!(quorum.agreed(Level::Safe), None);
    assert_eq!(quorum.agreed(Level::Final), Some(mark(96, 0)));
    quorum.on_heads(Endpoint(0), heads(101, 0));
    assert!(quorum.agreed(Level::Safe).is_some() || !quorum.asks().is_empty());
}

#[test]
fn a_safe_head_that_moves_back_takes_its_claims_back() {
    let mut quorum = quorum(1);
    quorum.on_heads(Endpoint(0), heads(100, 0));
    let mut back = heads(100, 1);
    back.safe = mark(97, 1);
    back.finalized = mark(96, 0);
    assert!(quorum.on_heads(Endpoint(0), back).is_empty());
    assert_eq!(quorum.agreed(Level::Safe), Some(mark(97, 1)));
}

#[test]
fn memory_of_what_endpoints_said_is_bounded() {
    let mut quorum = quorum(1);
    for number in 10..2000 {
        quorum.on_heads(Endpoint(0), heads(number, 0));
    }
    assert!(quorum.endpoints[0].safe.hashes.len() <= MARKS_MAX);
    assert!(quorum.endpoints[0].finalized.hashes.len() <= MARKS_MAX);
}
