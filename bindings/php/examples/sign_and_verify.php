<?php

// Sign, verify, and see a refusal:
//   php examples/sign_and_verify.php PRIVATE.pem PUBLIC.pem

declare(strict_types=1);

use Kess\Exception\InvalidSignature;
use Kess\PrivateKey;
use Kess\PublicKey;

require __DIR__ . '/../preload.php';

[, $private, $public] = $argv;
$body = PrivateKey::fromFile($private)->signedBody([
    'service' => 'create.unified.fundTransfer',
    'out_trade_no' => 'T-1',
    'amount' => 0.5,
]);
echo $body, "\n";

$gateway = PublicKey::fromFile($public);
// Read values from the bytes that verified, never from the body.
$values = json_decode($gateway->verifyDocument($body), true);
echo 'verified: ', $values['amount'], "\n";

try {
    $gateway->verifyDocument(str_replace('0.5', '500', $body));
} catch (InvalidSignature $refusal) {
    echo 'refused: ', $refusal->reason(), ' (', $refusal->code(), ")\n";
}
