-- severity: critical
-- by: pre_transfer
-- doubt: min(fund_transfer_id) <> max(fund_transfer_id)
-- title: two fund_transfer_ids for one pre_transfer_id: it may have been credited twice
SELECT pre_transfer_id AS reference,
    min(fund_transfer_id) || ' and ' || max(fund_transfer_id) AS detail,
    min(spot) AS spot
FROM facts WHERE fund_transfer_id IS NOT NULL AND pre_transfer_id IS NOT NULL
GROUP BY pre_transfer_id HAVING min(fund_transfer_id) <> max(fund_transfer_id)
    -- What names one out_trade_no in every record is a finding by that already.
    AND (min(out_trade_no) <> max(out_trade_no) OR count(out_trade_no) < count(*))
