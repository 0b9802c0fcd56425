-- severity: critical
-- needs: statement
-- by: transfer
-- doubt: count(statement) > 0 AND count(CASE WHEN result_code = 'SUCCESS' THEN out_trade_no END) = 0
-- title: a transfer of the statement has no record of SUCCESS
SELECT statement.out_trade_no AS reference, 'in the statement alone' AS detail,
    min(statement.spot) AS spot
FROM statement
WHERE NOT EXISTS (SELECT 1 FROM facts
    WHERE facts.out_trade_no = statement.out_trade_no AND result_code = 'SUCCESS')
GROUP BY statement.out_trade_no
