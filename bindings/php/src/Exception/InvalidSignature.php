<?php

declare(strict_types=1);

namespace Kess\Exception;

/** The document is not authentic: use no value of it. It says nothing about the money: query the transfer. */
class InvalidSignature extends \RuntimeException implements KessException
{
    use Facts;
}
