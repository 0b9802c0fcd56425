-- severity: critical
-- by: transfer
-- doubt: min(least(receiver_id, asked_receiver_id)) <> max(greatest(receiver_id, asked_receiver_id))
-- title: the receiver of a transfer differs between its records
SELECT out_trade_no AS reference,
    'its records name different receivers' AS detail,
    min(spot) AS spot
FROM (
    SELECT out_trade_no, receiver_id, spot FROM facts
    UNION ALL
    SELECT asked_out_trade_no, asked_receiver_id, spot FROM facts
    WHERE asked_receiver_id IS NOT NULL
) AS every_record
WHERE out_trade_no IS NOT NULL AND receiver_id IS NOT NULL
GROUP BY out_trade_no HAVING min(receiver_id) <> max(receiver_id)
