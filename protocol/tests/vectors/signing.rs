//! Who must sign what, and what counts as signed.

use ed25519_dalek::Signer;
use nuncio_protocol::{
    canonical::EncodingError,
    did::Did,
    document::{Agreement, Chain, Document, Nda, Paper, PaperError, Signed, TermSheet},
    ids::PaperId,
    proof::{Draft, Proof, ProofError},
    time::Timestamp,
    typed::{Contracts, recover},
};
use serde_json::Value;

use crate::samples::{self, NOW, account, contracts, did, document, identity, signed};

fn proof_by(n: u8, paper: PaperId) -> Proof {
    let draft = Draft::new(did(n), Timestamp::from_secs(NOW));
    draft.attach(identity(n).sign(&draft.signing_input(paper)).to_bytes())
}

fn with_proofs<T: Paper>(document: &Document<T>, signers: &[u8]) -> Signed<T> {
    let mut signed = Signed::unsigned(document.clone());
    for n in signers {
        signed.proofs.push(proof_by(*n, document.id())).unwrap();
    }
    signed
}

#[test]
fn a_paper_of_two_counts_once_both_and_nobody_else_have_signed() {
    let nda = document(samples::nda());
    let missing = |author: Did| PaperError::Unsigned { author };
    let verify = |signers: &[u8]| with_proofs(&nda, signers).verify(&contracts()).map(|paper| paper.id());
    assert_eq!(verify(&[1, 2]), Ok(nda.id()));
    assert_eq!(verify(&[2, 1]), Ok(nda.id()));
    assert_eq!(verify(&[]), Err(missing(did(1))));
    assert_eq!(verify(&[1]), Err(missing(did(2))));
    assert_eq!(verify(&[1, 3]), Err(missing(did(2))));
    let many = PaperError::TooManyProofs { proofs: 3, authors: 2 };
    assert_eq!(verify(&[1, 2, 3]), Err(many.clone()));
    assert_eq!(verify(&[1, 2, 2]), Err(many));
    let half = with_proofs(&nda, &[2]);
    assert_eq!(half.verify_by(did(2)), Ok(()));
    assert_eq!(half.verify_by(did(1)), Err(missing(did(1))));
}

#[test]
fn a_proof_of_another_paper_is_no_proof_of_this_one() {
    let bid = document(samples::bid());
    let mut wrong = Signed::unsigned(bid);
    wrong.proofs.push(proof_by(2, document(samples::request()).id())).unwrap();
    let bad = ProofError::BadSignature { signer: did(2) };
    assert_eq!(wrong.verify(&contracts()).map(drop), Err(bad.into()));
}

#[test]
fn a_paper_for_another_chain_is_refused_whoever_signed_it() {
    let other = Contracts { chain_id: 8453, ..contracts() };
    let error = signed(document(samples::bid())).verify(&other).map(drop);
    assert_eq!(error, Err(PaperError::WrongChain { paper: Chain(31337), ours: Chain(8453) }));
}

#[test]
fn a_card_that_names_anothers_account_is_worthless() {
    let card = document(samples::card());
    let missing = PaperError::NotCountersigned { account: account(2) };
    let unsigned = with_proofs(&card, &[2]);
    assert_eq!(unsigned.verify(&contracts()).map(drop), Err(missing.clone()));

    let mut stolen = samples::card();
    stolen.settlement = account(3);
    let mut other = with_proofs(&document(stolen), &[2]);
    other.countersignature = signed(card).countersignature;
    let missing = PaperError::NotCountersigned { account: account(3) };
    assert_eq!(other.verify(&contracts()).map(drop), Err(missing));
}

#[test]
fn a_principals_mandate_and_approval_are_signed_by_its_account_alone() {
    let mandate = signed(document(samples::mandate()));
    assert!(mandate.proofs.is_empty());
    assert!(mandate.clone().verify(&contracts()).is_ok());
    let other = Contracts { mandates: contracts().jury, ..contracts() };
    assert!(mandate.verify(&other).is_err(), "another contract is another domain");

    let mut approval = signed(document(samples::approval()));
    approval.proofs.push(proof_by(1, approval.document.id())).unwrap();
    let many = PaperError::TooManyProofs { proofs: 1, authors: 0 };
    assert_eq!(approval.verify(&contracts()).map(drop), Err(many), "the agent adds nothing");
}

#[test]
fn a_countersignature_that_nobody_asked_for_is_refused() {
    let mut bid = signed(document(samples::bid()));
    bid.countersignature = signed(document(samples::card())).countersignature;
    assert_eq!(bid.verify(&contracts()).map(drop), Err(PaperError::NobodySigns));
}

#[test]
fn the_deal_that_is_signed_for_the_chain_follows_from_the_agreement_alone() {
    let agreement = document(samples::agreement());
    let deal = Agreement::deal(&agreement);
    assert_eq!(deal.meta.agreement, agreement.id().word());
    assert_eq!(deal.meta.nda, Nda::typed(&document(samples::nda())).id(&contracts()).word());
    assert_eq!(deal.buyerPay, account(8), "a mandated buyer's refunds go to its principal");
    assert_eq!(deal.sellerPay, account(2), "a seller without mandate is paid itself");
    assert_eq!((deal.flags, deal.quorum, deal.fallback, deal.fallbackBps), (1, 3, 1, 5000));
    let id = deal.id(&contracts());
    for change in [
        |a: &mut Agreement| a.start_secs += 1,
        |a: &mut Agreement| a.fund_by_secs += 1,
        |a: &mut Agreement| a.panel.beacon_round += 1,
        |a: &mut Agreement| a.transcript_head = nuncio_protocol::ids::Head([1; 32]),
    ] {
        let mut other = samples::agreement();
        change(&mut other);
        assert_ne!(Agreement::deal(&document(other)).id(&contracts()), id);
    }
}

#[test]
fn terms_that_do_not_add_up_are_no_terms() {
    let salt = document(samples::terms()).salt();
    let check = |change: fn(&mut TermSheet)| {
        let mut terms = samples::terms();
        change(&mut terms);
        Document::new(Chain(31337), salt, terms).map(drop).unwrap_err().to_string()
    };
    let rows: [(fn(&mut TermSheet), &str); 5] = [
        (|t| t.price = nuncio_protocol::money::Usdc(1), "the milestones add up to the price"),
        (|t| t.panel.quorum = 2, "a quorum is more than half of the panel"),
        (|t| t.seller = t.buyer, "buyer and seller are two agents"),
        (|t| t.vaults = [t.vaults[0]].into(), "a deal has at least two vaults"),
        (|t| t.vaults = [t.vaults[1], t.vaults[0]].into(), "vaults are named in order"),
    ];
    for (change, rule) in rows {
        assert_eq!(check(change), format!("term_sheet: {rule}"));
    }
}

#[test]
fn an_unknown_field_or_a_second_spelling_inside_a_paper_inside_a_paper_is_refused() {
    let mut tree = serde_json::to_value(signed(document(samples::agreement()))).unwrap();
    let read = |tree: &Value| Signed::<Agreement>::read(tree.to_string().as_bytes()).map(drop);
    assert_eq!(read(&tree), Ok(()));
    tree["document"]["terms"]["reviewer"] = Value::Null;
    assert!(matches!(read(&tree), Err(EncodingError::Shape { .. })), "null for what is absent");
    tree["document"]["terms"].as_object_mut().unwrap().remove("reviewer");
    let escrow = tree["document"]["terms"]["escrow"].take();
    tree["document"]["terms"]["escrow"] = escrow.as_str().unwrap().to_uppercase().replace("0X", "0x").into();
    assert!(matches!(read(&tree), Err(EncodingError::Shape { .. })), "an address in capitals");
    tree["document"]["terms"]["escrow"] = escrow;
    assert_eq!(read(&tree), Ok(()));
    tree["document"]["terms"]["panel"]["bribe"] = 1.into();
    assert!(matches!(read(&tree), Err(EncodingError::UnknownField { .. })));
}

#[test]
fn what_is_written_about_a_paper_in_a_log_is_its_id() {
    let request = document(samples::request());
    let debug = format!("{request:?}");
    assert_eq!(debug, format!("request({})", request.id()));
}

#[test]
fn the_countersignature_of_a_card_recovers_to_the_account_on_it() {
    let card = signed(document(samples::card()));
    let digest = nuncio_protocol::typed::card_digest(card.document.id());
    assert_eq!(recover(digest, &card.countersignature.unwrap()), Ok(account(2)));
}
