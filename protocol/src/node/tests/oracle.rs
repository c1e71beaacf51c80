//! A node's word about an agent: signed, checkable without the node, and the same for everybody.

use super::{
    pair::{Pair, Start},
    people::{self, did},
};
use crate::{
    abi::tests::deployment,
    command::{Command, Refusal, Reply},
    document::Signed,
    reputation::statement::TrustStatement,
    side::Side,
};

fn state(pair: &mut Pair, about: &str) -> Result<Reply, Refusal> {
    pair.ask(Side::A, Command::StateTrust(about.into()))
}

#[test]
fn what_a_node_says_of_an_agent_is_signed_by_it_and_holds_for_whoever_reads_it() {
    let mut pair = Pair::new(Start::default());
    let seller = did(people::SELLER);
    let Ok(Reply::Statement(signed)) = state(&mut pair, &seller.to_string()) else { panic!("no statement") };
    let travelled = serde_json::to_vec(&*signed).unwrap();
    let read = Signed::<TrustStatement>::read(&travelled).unwrap().verify(&deployment().contracts).unwrap();
    assert_eq!((read.oracle, read.agent), (did(people::BUYER), seller));
    assert_eq!((read.anchored, read.deals, read.as_of.records), (false, 0, 0));
    let altered = String::from_utf8(travelled).unwrap().replace("\"praises\":0", "\"praises\":9");
    let altered = Signed::<TrustStatement>::read(altered.as_bytes()).unwrap();
    assert!(altered.verify(&deployment().contracts).is_err(), "nobody else's words under this signature");
}

#[test]
fn of_an_agent_that_was_never_heard_of_nothing_is_said() {
    let mut pair = Pair::new(Start::default());
    let stranger = did(200).to_string();
    assert_eq!(state(&mut pair, &stranger).unwrap_err(), Refusal::UnknownAgent { did: stranger });
    assert!(matches!(state(&mut pair, "did:web:x").unwrap_err(), Refusal::Invalid { .. }));
}
