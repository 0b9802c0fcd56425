-- severity: critical
-- title: an amount has more than two places, or is no amount
SELECT coalesce(out_trade_no, asked_out_trade_no, '') AS reference,
    coalesce(CASE WHEN amount IS NULL THEN amount_text END, asked_amount_text) AS detail,
    source, "row"
FROM facts
WHERE (amount_text IS NOT NULL AND amount IS NULL)
    OR (asked_amount_text IS NOT NULL AND asked_amount IS NULL)
