-- severity: critical
-- needs: statement
-- title: the amount of the statement differs
SELECT statement.out_trade_no AS reference,
    coalesce(CAST(statement.amount AS VARCHAR), 'no amount') || ' there, '
        || CAST(min(facts.amount) AS VARCHAR) || ' here' AS detail,
    min(facts.source) AS source, min(facts."row") AS "row"
FROM statement JOIN facts ON facts.out_trade_no = statement.out_trade_no
WHERE facts.result_code = 'SUCCESS' AND facts.amount IS NOT NULL
    AND (statement.amount IS NULL OR statement.amount <> facts.amount)
GROUP BY statement.out_trade_no, statement.amount
