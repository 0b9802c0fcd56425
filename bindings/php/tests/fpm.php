<?php

// One request under PHP-FPM: a body that verifies, one that does not, and a signature. fpm
// asks for this page many times.

declare(strict_types=1);

use Kess\Exception\InvalidSignature;
use Kess\PrivateKey;
use Kess\PublicKey;

$keys = __DIR__ . '/../../../tests/vectors/keys';
$public = PublicKey::fromFile("$keys/rsa-2048.pub.pem");
$note = bin2hex(random_bytes(random_int(1, 500)));
$body = PrivateKey::fromFile("$keys/rsa-2048.pem")->signedBody(['note' => $note, 'amount' => '1.50']);
$canonical = $public->verifyDocument($body);
try {
    $public->verifyDocument(str_replace('1.50', '9.50', $body));
    $verdict = 'a changed body was accepted';
} catch (InvalidSignature $refusal) {
    $verdict = $refusal->reason() === 'mismatch' && json_decode($canonical, true)['note'] === $note ? 'right' : 'wrong';
}
echo getmypid(), ' ', $verdict;
