<?php
/*
 * The class of the API document behind the protocol of the conformance kit. What it
 * does not do, it does not offer: it reads no key files and decodes no strict base64.
 */

declare(strict_types=1);

require __DIR__ . '/../../php/rsa2.php';
require __DIR__ . '/../../php/tree.php';

error_reporting(0);

/** The class takes names of files. */
function file_of(string $pem): string
{
    return 'data:text/plain;base64,' . base64_encode($pem);
}

function decoded(string $text): array
{
    $data = json_decode($text, true);
    if (!is_array($data)) {
        throw new UnexpectedValueException('toString() takes an array only');
    }
    return $data;
}

/** What the class takes for success. */
function given($answer): string
{
    if (!is_string($answer)) {
        throw new UnexpectedValueException('no text');
    }
    return $answer;
}

$operations = [
    'canonicalize' => fn (array $in) => given((new RSA2())->text(decoded($in['text']))),
    'canonicalize-tree' => fn (array $in) => given((new RSA2())->text(tree_read($in['text']))),
    'sign' => fn (array $in) => given((new RSA2(file_of($in['key'])))->createSign(decoded($in['text']))),
    'body' => function (array $in): string {
        $data = decoded($in['text']);
        $sign = given((new RSA2(file_of($in['key'])))->createSign($data));
        return given(json_encode($data + ['sign_type' => 'RSA2', 'sign' => $sign]));
    },
    'verify' => function (array $in): string {
        $data = decoded($in['text']);
        $rsa2 = new RSA2('', file_of($in['key']));
        if (!$rsa2->verifySign($data, given($data['sign'] ?? null))) {
            throw new UnexpectedValueException('not verified');
        }
        // Where it fails, json_encode returns false, and openssl_verify takes that for "".
        return (string) $rsa2->text($data);
    },
];

while (($line = fgets(STDIN)) !== false) {
    $in = json_decode($line, true);
    if ($in['op'] === 'hello') {
        $answer = ['protocol' => 1, 'name' => 'the PHP class of the API document', 'version' => '1',
            'language' => 'PHP ' . PHP_VERSION, 'ops' => array_keys($operations), 'profiles' => []];
    } else {
        $answer = ['id' => $in['id']];
        foreach (array_intersect(['text', 'key', 'password'], array_keys($in)) as $name) {
            $in[$name] = base64_decode($in[$name], true);
        }
        try {
            $answer['bytes'] = base64_encode($operations[$in['op']]($in));
        } catch (Throwable $problem) {
            $answer['refused'] = get_class($problem);
        }
    }
    echo json_encode($answer, JSON_UNESCAPED_SLASHES), "\n";
    flush();
}
