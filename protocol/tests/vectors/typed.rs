//! The vectors that Solidity reads too: for each struct its values, struct hash and digest.

use alloy_primitives::{Address, B256, U256, address, b256};
use alloy_sol_types::SolStruct;
use nuncio_protocol::{
    money::Usdc,
    typed::{
        self as structs, BUYER_MANDATED, Contracts, Deal, Mandate, Meta, SCOPE_BUY, SCOPE_SELL,
        SELLER_MANDATED, Schedule, Typed, UsdcDomain, address_list_hash, deposit_nonce, join_nonce,
        opening_authorization, u40,
    },
};
use serde_json::{Map, Value, json};

use crate::golden;

fn contracts() -> Contracts {
    Contracts {
        chain_id: 31337,
        mandates: address!("00000000000000000000000000000000000a0001"),
        accords: address!("00000000000000000000000000000000000a0002"),
        escrow: address!("00000000000000000000000000000000000a0003"),
        jury: address!("00000000000000000000000000000000000a0004"),
    }
}

fn usdc() -> UsdcDomain {
    UsdcDomain {
        name: "USD Coin".to_owned(),
        version: "2".to_owned(),
        chain_id: 31337,
        address: address!("00000000000000000000000000000000000a0005"),
    }
}

/// A word whose bytes differ from each other, so that a swapped field shows.
fn word(n: u8) -> B256 {
    B256::from(core::array::from_fn(|i| n.wrapping_mul(31).wrapping_add(i as u8)))
}

fn account(n: u8) -> Address {
    Address::from_slice(&word(n)[12..])
}

fn sample_deal() -> Deal {
    let schedule = Schedule::pack(&[
        (Usdc(54_000_000), 3600),
        (Usdc(63_000_000), 7200),
        (Usdc(63_000_000), 10_800),
        (Usdc(u64::MAX / 16), u32::MAX),
        (Usdc(5), 5),
    ])
    .unwrap();
    Deal {
        buyer: account(1),
        seller: account(2),
        buyerPay: account(3),
        sellerPay: account(4),
        amounts: schedule.amounts,
        amounts2: schedule.amounts2,
        due: schedule.due,
        panel: address_list_hash((10..15).map(account)).unwrap(),
        jury: contracts().jury,
        end: u40(1_900_000_000),
        window: 86_400,
        quorum: 3,
        fallback: 1,
        fallbackBps: 5000,
        juryFee: 2_500_000,
        appealFee: 7_000_000,
        sellerBond: 1_000_000,
        flags: BUYER_MANDATED | SELLER_MANDATED,
        meta: Meta {
            agreement: word(20),
            nda: word(21),
            pact: word(22),
            panelRequest: word(23),
            vaults: address_list_hash([account(30), account(31)]).unwrap(),
            mandates: contracts().mandates,
            reviewer: account(5),
            start: u40(1_800_000_000),
            fundBy: u40(1_800_000_300),
            kind: 1,
            jurisdiction: 276,
            beaconRound: 12_345_678_901,
            attempt: 2,
            salt: word(24).into(),
        },
    }
}

macro_rules! text {
    ($value:expr) => {{
        let value = $value;
        json!(value.to_string())
    }};
}

/// One entry: the struct's fields, `type`, `struct_hash`, `domain` and `digest`.
macro_rules! entry {
    ($out:ident, $name:ident { $($field:ident: $value:expr),+ $(,)? }) => {{
        let sample = structs::$name { $($field: $value),+ };
        entry!($out, sample: $name { $($field),+ });
    }};
    ($out:ident, $sample:ident: $name:ident { $($field:ident),+ }) => {{
        let values = json!({ $(stringify!($field): text!(&$sample.$field)),+ });
        $out.insert(stringify!($name).to_owned(), json!({
            "type": structs::$name::eip712_encode_type(),
            "domain": <structs::$name as Typed>::domain(&contracts()).name,
            "values": values,
            "struct_hash": $sample.eip712_hash_struct().to_string(),
            "digest": $sample.digest(&contracts()).to_string(),
        }));
    }};
}

fn structs_file() -> Map<String, Value> {
    let mut out = Map::new();
    entry!(
        out,
        Mandate {
            agent: account(1),
            principal: account(3),
            spender: contracts().escrow,
            card: word(40),
            agentId: U256::from(u128::MAX),
            humanAbove: 200_000_000,
            perPeriod: 500_000_000,
            period: 86_400,
            scopes: SCOPE_BUY | SCOPE_SELL,
            validFrom: u40(1_790_000_000),
            validUntil: u40(1_990_000_000),
            policy: word(41),
            serial: 7,
        }
    );
    entry!(out, Revoke { agent: account(1), spender: contracts().escrow, serial: 7 });
    entry!(out, Approve { deal: word(42), until: u40(1_800_000_300) });
    entry!(
        out,
        Nda {
            a: account(1),
            b: account(2),
            terms: word(43),
            scopes: u64::MAX - 1,
            from: u40(1_799_000_000),
            until: u40(1_899_000_000),
            destroyBy: u40(1_999_000_000),
            anchorBy: u40(1_799_000_600),
            jurisdiction: 276,
            salt: word(44).into(),
        }
    );
    entry!(
        out,
        Agreement {
            a: account(1),
            b: account(2),
            agreement: word(45),
            nda: word(46),
            anchorBy: u40(1_800_000_300),
            salt: word(47).into(),
        }
    );
    entry!(out, Breach { nda: word(46), evidence: word(48) });
    entry!(out, Destroyed { nda: word(46), attestation: word(49) });
    entry!(out, Fund { deal: word(42) });
    entry!(out, Void { deal: word(42) });
    entry!(out, Cancel { deal: word(42), sellerBps: 3333, until: u40(1_850_000_000) });
    entry!(out, Release { deal: word(42), milestone: 2, evidence: word(50) });
    entry!(
        out,
        Receipt {
            deal: word(42),
            milestone: 2,
            attempt: 1,
            manifest: word(50),
            size: 1 << 40,
            storedAt: u40(1_800_003_000),
        }
    );
    entry!(
        out,
        Verdict {
            deal: word(42),
            milestone: 2,
            round: 1,
            attempt: 3,
            sellerBps: 8800,
            evidence: word(50),
            votes: word(51),
        }
    );
    entry!(out, Consent { verdict: word(52) });
    entry!(out, Appeal { verdict: word(52), until: u40(1_850_000_000) });
    entry!(out, Rating { deal: word(42), value: -95, feedbackHash: word(53) });
    entry!(
        out,
        Withdraw { from: account(3), to: account(6), nonce: U256::from(9), until: u40(1_850_000_000) }
    );
    entry!(
        out,
        PanelRequest {
            negotiation: word(54),
            jury: contracts().jury,
            beaconRound: 12_345_678_901,
            seats: u40(17),
            size: 5,
            quorum: 3,
            attempt: 2,
        }
    );
    entry!(
        out,
        SeatAccept { request: word(55), ageRecipient: word(56), fee: 500_000, until: u40(1_900_000_000) }
    );
    entry!(out, VoteCommit { deal: word(42), milestone: 2, round: 0, attempt: 3, commit: word(57) });
    out
}

fn file() -> Value {
    let mut structs = structs_file();
    let deal = sample_deal();
    let meta = &deal.meta;
    entry!(structs, deal: Deal {
        buyer, seller, buyerPay, sellerPay, amounts, amounts2, due, panel, jury, end, window, quorum, fallback,
        fallbackBps, juryFee, appealFee, sellerBond, flags
    });
    structs["Deal"]["values"]["meta"] = json!({
        "agreement": text!(meta.agreement),
        "nda": text!(meta.nda),
        "pact": text!(meta.pact),
        "panelRequest": text!(meta.panelRequest),
        "vaults": text!(meta.vaults),
        "mandates": text!(meta.mandates),
        "reviewer": text!(meta.reviewer),
        "start": text!(meta.start),
        "fundBy": text!(meta.fundBy),
        "kind": text!(meta.kind),
        "jurisdiction": text!(meta.jurisdiction),
        "beaconRound": text!(meta.beaconRound),
        "attempt": text!(meta.attempt),
        "salt": text!(meta.salt),
    });
    let total = Usdc(180_000_000);
    let pay = opening_authorization(&deal, total, &contracts());
    let addresses: Vec<_> = (10..15).map(account).collect();
    json!({
        "note": "Every integer is a decimal string. Read by Rust and by the contracts' tests.",
        "contracts": contracts(),
        "domains": {
            "Mandates": contracts().mandates_domain().separator(),
            "Accords": contracts().accords_domain().separator(),
            "DealEscrow": contracts().escrow_domain().separator(),
            "JuryPool": contracts().jury_domain().separator(),
        },
        "structs": structs,
        "usdc": {
            "domain": usdc(),
            "values": {
                "from": text!(pay.from),
                "to": text!(pay.to),
                "value": text!(pay.value),
                "validAfter": text!(pay.validAfter),
                "validBefore": text!(pay.validBefore),
                "nonce": text!(pay.nonce),
            },
            "struct_hash": pay.eip712_hash_struct(),
            "digest": usdc().digest(&pay),
        },
        "address_list": {
            "addresses": addresses,
            "hash": address_list_hash(addresses.iter().copied()).unwrap(),
        },
        "nonces": {
            "deposit": {"owner": account(3), "salt": word(60), "nonce": deposit_nonce(account(3), word(60))},
            "join": {
                "holder": account(10), "provider": "4", "salt": word(60),
                "nonce": join_nonce(account(10), 4, word(60)),
            },
        },
    })
}

#[test]
fn the_vectors_that_solidity_reads_are_what_we_compute() {
    golden("typed.json", &file());
}

#[test]
fn the_type_strings_are_the_ones_that_the_contracts_hash() {
    assert_eq!(
        Deal::eip712_encode_type(),
        "Deal(address buyer,address seller,address buyerPay,address sellerPay,uint256 amounts,uint256 \
         amounts2,uint256 due,bytes32 panel,address jury,uint40 end,uint32 window,uint8 quorum,uint8 \
         fallback,uint16 fallbackBps,uint64 juryFee,uint64 appealFee,uint64 sellerBond,uint8 flags,Meta \
         meta)Meta(bytes32 agreement,bytes32 nda,bytes32 pact,bytes32 panelRequest,bytes32 vaults,address \
         mandates,address reviewer,uint40 start,uint40 fundBy,uint16 kind,uint16 jurisdiction,uint64 \
         beaconRound,uint8 attempt,uint256 salt)"
    );
    assert_eq!(
        Mandate::eip712_encode_type(),
        "Mandate(address agent,address principal,address spender,bytes32 card,uint256 agentId,uint64 \
         humanAbove,uint64 perPeriod,uint32 period,uint32 scopes,uint40 validFrom,uint40 \
         validUntil,bytes32 policy,uint16 serial)"
    );
}

#[test]
fn usdc_is_authorised_by_the_type_hash_of_eip_3009() {
    let pay = opening_authorization(&sample_deal(), Usdc(1), &contracts());
    assert_eq!(
        pay.eip712_type_hash(),
        b256!("d099cc98ef71107a616c4f0f941f04c322d8e254fe26b3c6668db87aae413de8")
    );
    assert_eq!(pay.validBefore, U256::from(1_800_000_301));
    assert_eq!(pay.nonce, sample_deal().id(&contracts()).word());
}

#[test]
fn the_same_struct_in_another_domain_has_another_digest() {
    let base = contracts();
    let verdict = structs::Consent { verdict: word(1) };
    let others = [Contracts { chain_id: 8453, ..base }, Contracts { escrow: base.jury, ..base }];
    for other in others {
        assert_ne!(verdict.digest(&base), verdict.digest(&other));
    }
    assert_eq!(verdict.digest(&base), verdict.digest(&Contracts { accords: base.jury, ..base }));
}
