// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDealEscrow} from "../../src/interfaces/IDealEscrow.sol";
import {AppealEnd, Cause, SELLER_MANDATED, Source, Status} from "../../src/types/Deal.sol";
import {Vm} from "../base/Vm.sol";
import {Shadow} from "./Shadow.sol";

/// @notice What a DealEscrow keeps, rebuilt from what it says.
/// Slot 0: the deals' words. 1: credit. 2: nonces. 3: claims. 4: who signed which verdict.
abstract contract EscrowLogs is Shadow {
    /// @notice What is known of a deal besides its word.
    struct Known {
        address escrow;
        uint256[17] terms;
        uint256 toJurors; // of a ruling that has not settled yet
    }

    mapping(bytes32 deal => Known) internal known;

    uint40 private graceSeconds;

    function startEscrowLogs(uint40 grace) internal {
        graceSeconds = grace;
    }

    function readEscrow(Vm.Log memory l) internal {
        bytes32 topic = l.topics[0];
        bytes32 id = l.topics[1];
        if (topic == IDealEscrow.Opened.selector) {
            _opened(l, id);
        } else if (topic == IDealEscrow.Voided.selector) {
            put(l.emitter, _dealAt(id), uint256(Status.Void));
        } else if (topic == IDealEscrow.Claimed.selector) {
            _claimed(l, id);
        } else if (topic == IDealEscrow.Judged.selector) {
            _judged(l, id);
        } else if (topic == IDealEscrow.Cosigned.selector) {
            _cosigned(l, id);
        } else if (topic == IDealEscrow.Settled.selector) {
            _settled(id, abi.decode(l.data, (uint256)));
        } else if (topic == IDealEscrow.Released.selector) {
            _settled(id, uint256(bytes32(l.data)));
        } else if (topic == IDealEscrow.Appealed.selector) {
            _appealed(l, id);
        } else if (topic == IDealEscrow.AppealClosed.selector) {
            _appealClosed(l, id);
        } else if (topic == IDealEscrow.Paid.selector) {
            _paid(id, abi.decode(l.data, (uint256)));
        } else if (topic == IDealEscrow.Closed.selector) {
            _closed(id, abi.decode(l.data, (uint256)));
        } else if (topic == IDealEscrow.Rated.selector) {
            _rated(id, uint256(bytes32(l.data)));
        } else if (topic == IDealEscrow.Credited.selector) {
            _credited(l);
        } else if (topic == IDealEscrow.JurorsCredited.selector) {
            _jurorsCredited(l, id);
        } else if (topic == IDealEscrow.Debited.selector) {
            _less(l.emitter, topicAddress(l, 1), abi.decode(l.data, (uint64)));
        } else if (topic == IDealEscrow.Withdrawn.selector) {
            _withdrawn(l);
        } else {
            assertEq(topic, IDealEscrow.ItemFailed.selector, "an event of the escrow");
        }
    }

    // --- the deal's word, as IDealEscrow.dealOf describes it ---

    function wordOf(bytes32 id) internal view returns (uint256) {
        return get(known[id].escrow, _dealAt(id));
    }

    function statusOf(bytes32 id) internal view returns (Status) {
        return Status(field(wordOf(id), 0, 8));
    }

    function _dealAt(bytes32 id) private pure returns (bytes32) {
        return under(id, bytes32(0));
    }

    function _keep(bytes32 id, uint256 word) private {
        put(known[id].escrow, _dealAt(id), word);
    }

    function _set(bytes32 id, uint256 shift, uint256 bits, uint256 value) private {
        _keep(id, with(wordOf(id), shift, bits, value));
    }

    function _is(bytes32 id, uint256 shift) private view returns (bool) {
        return field(wordOf(id), shift, 1) == 1;
    }

    function _held(bytes32 id) private view returns (uint256) {
        return field(wordOf(id), 104, 64);
    }

    function _left(bytes32 id) private view returns (uint256) {
        return field(wordOf(id), 168, 64);
    }

    function _clearPending(bytes32 id) private {
        if (statusOf(id) == Status.Open) return;
        uint256 word = wordOf(id);
        bool early = statusOf(id) == Status.Appealed || time < field(word, 64, 40);
        word = with(with(word, 0, 8, uint256(Status.Open)), 18, 6, 0);
        if (early) word = with(word, 64, 40, time);
        word = with(with(with(word, 232, 3, 0), 235, 14, 0), 249, 3, 0);
        _keep(id, with(word, 254, 1, 0));
    }

    // --- the terms, as Packing describes them ---

    function party(bytes32 id, uint256 i) internal view returns (address) {
        return address(uint160(known[id].terms[i])); // buyer, seller, buyerPay, sellerPay
    }

    function _juryFee(bytes32 id) private view returns (uint256) {
        return field(known[id].terms[1], 160, 64);
    }

    function _appealFee(bytes32 id) private view returns (uint256) {
        return field(known[id].terms[2], 160, 64);
    }

    function _bond(bytes32 id) private view returns (uint256) {
        return field(known[id].terms[3], 160, 64);
    }

    function _total(bytes32 id) private view returns (uint256 sum) {
        for (uint256 i = 0; i < 8; ++i) {
            sum += field(known[id].terms[i < 4 ? 5 : 6], i % 4 * 64, 64);
        }
        sum += _juryFee(id) + _appealFee(id);
    }

    // --- money ---

    function _more(address escrow, address owner, uint256 amount) private {
        put(escrow, under(owner, 1), get(escrow, under(owner, 1)) + amount);
    }

    function _less(address escrow, address owner, uint256 amount) private {
        put(escrow, under(owner, 1), get(escrow, under(owner, 1)) - amount);
    }

    /// @dev A share that USDC refused when it was pushed, which has left the deal already; the last of a fee that does not
    /// divide; or a juror's.
    function _credited(Vm.Log memory l) private {
        (address owner, bytes32 id) = (topicAddress(l, 1), l.topics[2]);
        uint256 word = abi.decode(l.data, (uint256));
        uint256 amount = field(word, 0, 64);
        _more(l.emitter, owner, amount);
        bool refused = field(word, 64, 1) == 1;
        if (id == 0 || refused || statusOf(id) != Status.Closed) return;
        _set(id, 168, 64, _left(id) - amount);
    }

    function _jurorsCredited(Vm.Log memory l, bytes32 id) private {
        uint256[] memory shares = abi.decode(l.data, (uint256[]));
        for (uint256 i = 0; i < shares.length; ++i) {
            uint256 amount = field(shares[i], 160, 64);
            _more(l.emitter, address(uint160(shares[i])), amount);
            if (statusOf(id) == Status.Closed) _set(id, 168, 64, _left(id) - amount);
        }
    }

    function _paid(bytes32 id, uint256 amounts) private {
        (uint256 toSeller, uint256 toBuyer) = (field(amounts, 0, 64), field(amounts, 64, 64));
        _set(id, 104, 64, _held(id) - toSeller);
        _set(id, 168, 64, _left(id) - toBuyer);
    }

    function _withdrawn(Vm.Log memory l) private {
        uint256 withdrawal = abi.decode(l.data, (uint256));
        address owner = topicAddress(l, 1);
        _less(l.emitter, owner, field(withdrawal, 0, 64));
        if (withdrawal >> 64 != 0) put(l.emitter, under(owner, 2), withdrawal >> 64);
    }

    // --- the life of a deal ---

    function _opened(Vm.Log memory l, bytes32 id) private {
        Known storage k = known[id];
        k.escrow = l.emitter;
        k.terms = abi.decode(l.data, (uint256[17]));
        Source source = Source(field(k.terms[4], 160, 8));
        if (source == Source.Credit) _less(l.emitter, party(id, 0), _total(id));
        if (source == Source.Mandate) _less(l.emitter, party(id, 2), _total(id));
        bool mandated = k.terms[0] >> 248 & SELLER_MANDATED != 0;
        if (_bond(id) != 0) _less(l.emitter, party(id, mandated ? 3 : 1), _bond(id));
        uint256 word = with(uint256(Status.Open), 24, 40, field(k.terms[14], 160, 40));
        _keep(id, with(word, 168, 64, _total(id) + _bond(id)));
    }

    function _claimed(Vm.Log memory l, bytes32 id) private {
        uint256 shift = uint256(l.topics[2]) * 32;
        uint256 claims = get(l.emitter, under(id, bytes32(uint256(3))));
        put(l.emitter, under(id, bytes32(uint256(3))), with(claims, shift, 32, time));
        _set(id, 255, 1, 1);
    }

    function _signedAt(bytes32 id, uint256 milestone) private pure returns (bytes32) {
        return under(bytes32(milestone), under(id, bytes32(uint256(4))));
    }

    function _judged(Vm.Log memory l, bytes32 id) private {
        (uint256 j, bytes32 evidence, bytes32 votes) = abi.decode(l.data, (uint256, bytes32, bytes32));
        (uint256 milestone, uint256 attempt, uint256 bps) = (field(j, 0, 8), field(j, 8, 8), field(j, 16, 16));
        uint256 until = field(j, 64, 40);
        _clearPending(id); // a verdict that this one replaces
        if (until == 0) {
            _share(id, milestone, field(j, 104, 64));
            if (field(j, 232, 1) == 1) _paid(id, field(j, 104, 128));
        } else {
            uint256 word = with(with(wordOf(id), 0, 8, uint256(Status.Pending)), 64, 40, until);
            _keep(id, with(with(with(word, 232, 3, milestone), 235, 14, bps), 249, 3, attempt));
        }
        if (_juryFee(id) == 0) return;
        bytes32 typeHash = keccak256(
            "Verdict(bytes32 deal,uint8 milestone,uint8 round,uint8 attempt,uint16 sellerBps,bytes32 evidence,bytes32 votes)"
        );
        bytes32 hash = keccak256(abi.encode(typeHash, id, milestone, 0, attempt, bps, evidence, votes));
        bytes32 digest = typedDigest(domainSeparator("DealEscrow", "1", l.emitter), hash);
        put(l.emitter, _signedAt(id, milestone), uint256(digest) << 32 | field(j, 32, 32));
    }

    function _cosigned(Vm.Log memory l, bytes32 id) private {
        bytes32 place = _signedAt(id, uint256(l.topics[2]));
        put(l.emitter, place, with(get(l.emitter, place), 0, 32, abi.decode(l.data, (uint256))));
    }

    function _share(bytes32 id, uint256 milestone, uint256 toSeller) private {
        _set(id, 8, 8, field(wordOf(id), 8, 8) | uint256(1) << milestone);
        _set(id, 104, 64, _held(id) + toSeller);
        _set(id, 168, 64, _left(id) - toSeller);
    }

    function _settled(bytes32 id, uint256 outcome) private {
        uint256 milestone = field(outcome, 0, 8);
        Cause cause = Cause(field(outcome, 8, 8));
        bool waits = statusOf(id) == Status.Pending || statusOf(id) == Status.Appealed;
        bool about = waits && field(wordOf(id), 232, 3) == milestone;
        if (cause == Cause.Ruled) _overruled(id, milestone, field(outcome, 32, 16));
        if (about) _clearPending(id);
        _share(id, milestone, field(outcome, 48, 64));
        if (field(outcome, 176, 1) == 1) _paid(id, field(outcome, 48, 128));
    }

    // --- appeals ---

    function _appealed(Vm.Log memory l, bytes32 id) private {
        (, uint256 deposit) = abi.decode(l.data, (bytes32, uint64));
        bool bySeller = topicAddress(l, 3) == party(id, 1);
        bool fromReserve = !bySeller && !_is(id, 252);
        if (!fromReserve) _set(id, 168, 64, _left(id) + deposit);
        if (!bySeller) _set(id, 252, 1, 0);
        _set(id, 254, 1, bySeller ? 1 : 0);
        _set(id, 0, 8, uint256(Status.Appealed));
        _set(id, 64, 40, time);
    }

    function _appealClosed(Vm.Log memory l, bytes32 id) private {
        (AppealEnd end, uint64 toJurors, uint64 toAppellant, uint64 toOther) =
            abi.decode(l.data, (AppealEnd, uint64, uint64, uint64));
        bool bySeller = _is(id, 254);
        if (end == AppealEnd.Ruled) {
            known[id].toJurors = toJurors;
            return;
        }
        // The seller's deposit comes from its pocket, the buyer's is the deal's own money already.
        uint256 forSeller = bySeller ? toAppellant : toOther;
        _set(id, 104, 64, _held(id) + forSeller);
        _set(id, 168, 64, _left(id) - forSeller);
        if (end == AppealEnd.Abandoned && !bySeller) _set(id, 252, 1, 1);
    }

    /// @dev Who paid the jurors, said by the rule: the loser, as far as it can, else the appellant.
    function _overruled(bytes32 id, uint256 milestone, uint256 bps) private {
        uint256 fee = _appealFee(id);
        (bool bySeller, uint256 was) = (_is(id, 254), field(wordOf(id), 235, 14));
        uint256 left = _left(id) - known[id].toJurors;
        bool won = bySeller ? bps > was : bps < was;
        if (bySeller && won) {
            if (!_is(id, 252)) {
                left -= fee;
                _set(id, 104, 64, _held(id) + fee);
            }
            if (fee != 0) _set(id, 252, 1, 1);
        } else if (!bySeller && won) {
            uint256 fromBond = _is(id, 253) ? 0 : (_bond(id) < fee ? _bond(id) : fee);
            if (fromBond != 0) _set(id, 253, 1, 1);
            _set(id, 252, 1, fromBond == fee ? 0 : 1);
        } else if (!bySeller && fee != 0) {
            _set(id, 252, 1, 1);
        }
        _set(id, 168, 64, left);
        if (bps != was && _juryFee(id) != 0) put(known[id].escrow, _signedAt(id, milestone), 0);
    }

    // --- the end ---

    function _closed(bytes32 id, uint256 amounts) private {
        _set(id, 0, 8, uint256(Status.Closed));
        _set(id, 64, 40, time + graceSeconds);
        _set(id, 104, 64, 0);
        _set(id, 168, 64, field(amounts, 128, 64));
    }

    function _rated(bytes32 id, uint256 rating) private {
        uint256 side = rating >> 128 & 1 == 0 ? 1 : 2;
        _set(id, 16, 2, field(wordOf(id), 16, 2) | side);
    }
}
