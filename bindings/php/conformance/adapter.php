<?php

// Asks this package what the conformance kit wants to know:
//
//     kesspay conformance run --bulk -- php bindings/php/conformance/adapter.php

declare(strict_types=1);

use Kess\Exception\BackendError;
use Kess\Exception\InvalidSignature;
use Kess\Exception\KessException;
use Kess\PrivateKey;
use Kess\Profile;
use Kess\PublicKey;

require __DIR__ . '/../preload.php';

function profile(string $words): Profile
{
    $has = static fn (string $word): bool => in_array($word, explode(',', $words), true);

    return new Profile($has('precision=17') ? 17 : ($has('precision=100') ? 100 : -1), $has('unescaped_slashes'), $has('unescaped_unicode'), $has('ksort=8.0') ? '8.0' : ($has('ksort=7') ? '7' : '8.2'), $has('preserve_zero_fraction'));
}

/** What libkess reads as a signature is strict base64, whether the signature is right or not. */
function base64(string $text): string
{
    $document = json_encode(['sign' => $text], JSON_INVALID_UTF8_SUBSTITUTE);
    try {
        PublicKey::fromFile(__DIR__ . '/../../../tests/vectors/keys/rsa-2048.pub.pem')->verifyDocument($document);
    } catch (InvalidSignature $refusal) {
        if (!in_array($refusal->reason(), ['mismatch', 'sign_length'], true)) {
            throw $refusal;
        }
    }

    return base64_decode($text, true);
}

function spki(string $kind, string $text, ?string $password): string
{
    return ($kind === 'private' ? PrivateKey::fromPem($text, $password)->publicKey() : PublicKey::fromPem($text, $password))->spki();
}

$operations = [
    'canonicalize' => static fn (array $in): string => Kess\canonicalize($in['text'], profile($in['profile'])),
    'sign' => static fn (array $in): string => PrivateKey::fromPem($in['key'])->signDocument($in['text'], profile($in['profile'])),
    'body' => static fn (array $in): string => PrivateKey::fromPem($in['key'])->signedBody($in['text'], profile($in['profile'])),
    'verify' => static fn (array $in): string => PublicKey::fromPem($in['key'])->verifyDocument($in['text'], profile($in['profile'])),
    'key' => static fn (array $in): string => spki($in['kind'], $in['text'], $in['password'] ?? null),
    'base64' => static fn (array $in): string => base64($in['text']),
];

ini_set('display_errors', 'stderr');
while (($line = fgets(STDIN)) !== false) {
    $in = json_decode($line, true);
    if ($in['op'] === 'hello') {
        $answer = ['protocol' => 1, 'name' => 'bindings/php', 'version' => Kess\Library::VERSION, 'language' => 'PHP ' . PHP_VERSION,
            'ops' => array_keys($operations), 'profiles' => ['precision=17', 'precision=100', 'unescaped_slashes', 'unescaped_unicode', 'ksort=8.0', 'ksort=7', 'preserve_zero_fraction']];
    } else {
        $answer = ['id' => $in['id']];
        foreach (array_intersect(['text', 'key', 'password'], array_keys($in)) as $name) {
            $in[$name] = base64_decode($in[$name], true);
        }
        try {
            $answer['bytes'] = base64_encode($operations[$in['op']]($in));
        } catch (Throwable $problem) {
            $isRefusal = $problem instanceof KessException && !$problem instanceof BackendError;
            $answer += $isRefusal ? ['refused' => $problem->reason()] : ['error' => $problem->getMessage()];
        }
    }
    echo json_encode($answer, JSON_UNESCAPED_SLASHES | JSON_INVALID_UTF8_SUBSTITUTE), "\n";
    flush();
}
