-- severity: critical
-- by: fund_transfer
-- doubt: min(out_trade_no) <> max(out_trade_no)
-- title: one fund_transfer_id for two transfers
SELECT fund_transfer_id AS reference,
    min(out_trade_no) || ' and ' || max(out_trade_no) AS detail,
    min(spot) AS spot
FROM facts WHERE fund_transfer_id IS NOT NULL AND out_trade_no IS NOT NULL
GROUP BY fund_transfer_id HAVING min(out_trade_no) <> max(out_trade_no)
