-- severity: critical
-- by: transfer
-- doubt: min(least(amount, asked_amount)) <> max(greatest(amount, asked_amount))
-- title: the amount of a transfer differs between its records
SELECT out_trade_no AS reference,
    CAST(min(amount) AS STRING) || ' and ' || CAST(max(amount) AS STRING) AS detail,
    min(spot) AS spot
FROM (
    SELECT out_trade_no, amount, spot FROM facts
    UNION ALL
    SELECT asked_out_trade_no, asked_amount, spot FROM facts
    WHERE asked_amount IS NOT NULL
) AS every_record
WHERE out_trade_no IS NOT NULL AND amount IS NOT NULL
GROUP BY out_trade_no HAVING min(amount) <> max(amount)
