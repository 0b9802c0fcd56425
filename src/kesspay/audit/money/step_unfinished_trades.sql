-- needs: requests
-- by: pre_transfer
-- The transfers of those confirms.
SELECT DISTINCT unfinished.reference, made.out_trade_no
FROM unfinished JOIN facts AS made ON made.pre_transfer_id = unfinished.reference
WHERE made.out_trade_no IS NOT NULL
