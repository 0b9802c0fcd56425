-- severity: critical
-- by: transfer
-- doubt: min(fund_transfer_id) <> max(fund_transfer_id)
-- title: two fund_transfer_ids for one out_trade_no: it may have been credited twice
SELECT out_trade_no AS reference,
    min(fund_transfer_id) || ' and ' || max(fund_transfer_id) AS detail,
    min(spot) AS spot
FROM facts WHERE fund_transfer_id IS NOT NULL AND out_trade_no IS NOT NULL
GROUP BY out_trade_no HAVING min(fund_transfer_id) <> max(fund_transfer_id)
