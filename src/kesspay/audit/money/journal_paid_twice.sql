-- severity: critical
-- needs: journal
-- by: transfer
-- doubt: min(out_trade_no) <> max(out_trade_no)
-- title: two attempts of one payment succeeded: it was paid twice
SELECT journal.payment_id AS reference,
    min(paid.out_trade_no) || ' and ' || max(paid.out_trade_no) AS detail,
    min(paid.spot) AS spot
FROM journal JOIN (
    SELECT out_trade_no, spot,
        regexp_extract(out_trade_no, '^(.*)-[1-9][0-9]{0,2}$', 1) AS payment_id
    FROM facts WHERE result_code = 'SUCCESS'
) AS paid ON paid.payment_id = journal.payment_id
GROUP BY journal.payment_id HAVING min(paid.out_trade_no) <> max(paid.out_trade_no)
