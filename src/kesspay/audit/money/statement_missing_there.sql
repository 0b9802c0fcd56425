-- severity: critical
-- needs: statement
-- by: transfer
-- doubt: count(statement) = 0 AND count(CASE WHEN result_code = 'SUCCESS' THEN out_trade_no END) > 0
-- title: a transfer that succeeded is missing in the statement
SELECT facts.out_trade_no AS reference, 'SUCCESS here' AS detail,
    min(facts.spot) AS spot
FROM facts
WHERE facts.result_code = 'SUCCESS' AND facts.out_trade_no IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM statement
        WHERE statement.out_trade_no = facts.out_trade_no)
GROUP BY facts.out_trade_no
