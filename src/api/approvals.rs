//! Deals that wait for the principal: what it signs, and how its signature is handed in.
//!
//! An approval is EIP-712 `Approve(deal, until)` in the domain of the `Mandates` contract, made with
//! the principal's key in whatever wallet holds it. `typed_data` is what `eth_signTypedData_v4` takes.
//! The right to hand one in belongs to the principal's token alone, and the token approves nothing:
//! the node believes the signature.
//!
//! Deliberately absent: keys, and contract wallets (ERC-1271), whose signatures only a chain can check.

use axum::{
    Json,
    extract::{Path, State},
};
use nuncio_protocol::{
    command::{Command, Look},
    typed::EthSignature,
    view::{ApprovalView, View},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    App,
    body::{Body, Nothing},
    field::id,
    problem::Problem,
    view,
};

/// `POST /approvals/{id}`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Approval {
    signature: String,
}

/// `GET /approvals`.
pub(super) async fn list(State(app): State<App>) -> Result<Json<Value>, Problem> {
    let View::Approvals(all) = app.look(Look::Approvals).await? else { return Err(Problem::strange()) };
    all.iter().map(shown).collect::<Result<Value, _>>().map(Json)
}

/// `POST /approvals/{id}`.
pub(super) async fn approve(
    State(app): State<App>,
    Path(deal): Path<String>,
    Body(approval): Body<Approval>,
) -> Result<Json<Value>, Problem> {
    let signature: EthSignature = id("signature by a plain key", &approval.signature)?;
    app.act(Command::Approve(id("approval", &deal)?, signature)).await
}

/// `POST /approvals/{id}/refuse`.
pub(super) async fn refuse(
    State(app): State<App>,
    Path(deal): Path<String>,
    Body(Nothing {}): Body<Nothing>,
) -> Result<Json<Value>, Problem> {
    app.act(Command::Decline(id("approval", &deal)?)).await
}

fn shown(approval: &ApprovalView) -> Result<Value, Problem> {
    let mut value = view::approval(approval)?;
    value["typed_data"] = typed_data(approval);
    Ok(value)
}

/// The approval as wallets take it (EIP-712, `eth_signTypedData_v4`).
fn typed_data(approval: &ApprovalView) -> Value {
    let field = |name: &str, kind: &str| json!({ "name": name, "type": kind });
    json!({
        "types": {
            "EIP712Domain": [
                field("name", "string"), field("version", "string"),
                field("chainId", "uint256"), field("verifyingContract", "address"),
            ],
            "Approve": [field("deal", "bytes32"), field("until", "uint40")],
        },
        "primaryType": "Approve",
        "domain": {
            "name": "Mandates", "version": "1",
            "chainId": approval.chain_id, "verifyingContract": approval.mandates,
        },
        "message": { "deal": approval.id, "until": approval.until_secs },
    })
}
