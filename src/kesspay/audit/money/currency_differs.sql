-- severity: critical
-- by: transfer
-- doubt: min(least(currency, asked_currency)) <> max(greatest(currency, asked_currency))
-- title: the currency of a transfer differs between its records
SELECT out_trade_no AS reference,
    min(currency) || ' and ' || max(currency) AS detail,
    min(spot) AS spot
FROM (
    SELECT out_trade_no, currency, spot FROM facts
    UNION ALL
    SELECT asked_out_trade_no, asked_currency, spot FROM facts
    WHERE asked_currency IS NOT NULL
) AS every_record
WHERE out_trade_no IS NOT NULL AND currency IS NOT NULL
GROUP BY out_trade_no HAVING min(currency) <> max(currency)
