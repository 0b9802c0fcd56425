<?php

declare(strict_types=1);

namespace Kess\Exception;

/** Not authentic: use no value of the document. */
class InvalidSignature extends \RuntimeException implements KessException
{
    use Facts;
}
