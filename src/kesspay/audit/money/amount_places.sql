-- severity: critical
-- by: record
-- doubt: count(amount_text) + count(asked_amount_text) > 0
-- title: an amount has more than two places, or is no amount
SELECT coalesce(out_trade_no, asked_out_trade_no, '') AS reference,
    CASE WHEN substr(wrong, 1, 1) IN ('[', '{') THEN 'a list or an object'
        ELSE substr(wrong, 1, 40) END AS detail,
    spot
FROM (
    SELECT *, coalesce(CASE WHEN amount IS NULL THEN amount_text END,
        asked_amount_text) AS wrong
    FROM facts
    WHERE (amount_text IS NOT NULL AND amount IS NULL)
        OR (asked_amount_text IS NOT NULL AND asked_amount IS NULL)
) AS amounts
