-- severity: critical
-- needs: requests
-- by: record
-- doubt: bool_or(out_trade_no <> asked_out_trade_no)
-- doubt: bool_or(pre_transfer_id <> asked_pre_transfer_id)
-- title: an answer names another transfer than its request
SELECT coalesce(asked_out_trade_no, asked_pre_transfer_id) AS reference,
    'the answer is that of ' || coalesce(out_trade_no, pre_transfer_id) AS detail,
    spot
FROM facts
WHERE (out_trade_no IS NOT NULL AND asked_out_trade_no IS NOT NULL
        AND out_trade_no <> asked_out_trade_no)
    OR (pre_transfer_id IS NOT NULL AND asked_pre_transfer_id IS NOT NULL
        AND pre_transfer_id <> asked_pre_transfer_id)
