-- severity: critical
-- needs: journal
-- by: transfer
-- doubt: bool_or(state <> 'paid') AND count(CASE WHEN result_code = 'SUCCESS' THEN out_trade_no END) > 0
-- title: a record says SUCCESS, and the journal does not say paid
SELECT paid.out_trade_no AS reference, 'state ' || journal.state AS detail,
    min(paid.spot) AS spot
FROM journal JOIN (
    SELECT out_trade_no, spot,
        regexp_extract(out_trade_no, '^(.*)-[1-9][0-9]{0,2}$', 1) AS payment_id
    FROM facts WHERE result_code = 'SUCCESS'
) AS paid ON paid.payment_id = journal.payment_id
WHERE journal.state <> 'paid'
GROUP BY paid.out_trade_no, journal.state
