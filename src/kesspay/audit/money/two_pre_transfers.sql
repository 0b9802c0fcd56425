-- severity: high
-- by: transfer
-- doubt: min(pre_transfer_id) <> max(pre_transfer_id)
-- title: two pre_transfer_ids for one out_trade_no
SELECT out_trade_no AS reference,
    min(pre_transfer_id) || ' and ' || max(pre_transfer_id) AS detail,
    min(spot) AS spot
FROM facts WHERE out_trade_no IS NOT NULL AND pre_transfer_id IS NOT NULL
GROUP BY out_trade_no HAVING min(pre_transfer_id) <> max(pre_transfer_id)
