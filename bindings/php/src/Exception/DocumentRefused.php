<?php

declare(strict_types=1);

namespace Kess\Exception;

/** A document cannot be verified: it has no canonical form, or is not safe to verify. Use no value of it. */
final class DocumentRefused extends InvalidSignature
{
}
