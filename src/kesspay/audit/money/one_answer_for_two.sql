-- severity: critical
-- needs: requests
-- by: fund_transfer
-- doubt: min(asked_transaction_id) <> max(asked_transaction_id)
-- title: one confirm was answered for requests with different partner_transaction_id
SELECT fund_transfer_id AS reference,
    min(asked_transaction_id) || ' and ' || max(asked_transaction_id) AS detail,
    min(spot) AS spot
FROM facts
WHERE said = 'confirm.fundTransfer' AND fund_transfer_id IS NOT NULL
    AND asked_transaction_id IS NOT NULL
GROUP BY fund_transfer_id HAVING min(asked_transaction_id) <> max(asked_transaction_id)
