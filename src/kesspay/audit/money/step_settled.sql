-- needs: requests
-- by: transfer
-- doubt: count(unfinished_trades) > 0
-- Which of them succeeded after all.
SELECT DISTINCT unfinished_trades.reference
FROM unfinished_trades JOIN facts
    ON facts.out_trade_no = unfinished_trades.out_trade_no
WHERE facts.result_code = 'SUCCESS'
