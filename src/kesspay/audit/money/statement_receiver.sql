-- severity: critical
-- needs: statement, statement_receiver
-- by: transfer
-- doubt: min(least(receiver_id, asked_receiver_id)) <> max(greatest(receiver_id, asked_receiver_id))
-- title: the receiver of the statement differs
SELECT statement.out_trade_no AS reference, 'another receiver there' AS detail,
    min(facts.spot) AS spot
FROM statement JOIN facts ON facts.out_trade_no = statement.out_trade_no
WHERE facts.result_code = 'SUCCESS' AND facts.receiver_id <> statement.receiver_id
GROUP BY statement.out_trade_no
