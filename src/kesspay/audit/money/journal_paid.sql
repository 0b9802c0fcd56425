-- severity: critical
-- needs: journal
-- by: transfer
-- doubt: bool_or(state = 'paid') AND count(CASE WHEN result_code = 'SUCCESS' THEN out_trade_no END) = 0
-- title: the journal says paid, and no record says SUCCESS
SELECT journal.out_trade_no AS reference, 'state ' || journal.state AS detail,
    journal.spot
FROM journal
WHERE journal.state = 'paid' AND journal.covered
    AND journal.out_trade_no IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM facts WHERE facts.out_trade_no = journal.out_trade_no
        AND facts.result_code = 'SUCCESS')
