-- severity: critical
-- needs: journal
-- title: a record says SUCCESS, and the journal does not say paid
SELECT journal.out_trade_no AS reference, 'state ' || journal.state AS detail,
    min(facts.source) AS source, min(facts."row") AS "row"
FROM journal JOIN facts ON facts.out_trade_no = journal.out_trade_no
WHERE journal.state <> 'paid' AND facts.result_code = 'SUCCESS'
GROUP BY journal.out_trade_no, journal.state
