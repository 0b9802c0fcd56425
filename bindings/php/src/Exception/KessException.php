<?php

declare(strict_types=1);

namespace Kess\Exception;

/** What every exception of this package implements. No message holds a secret. */
interface KessException extends \Throwable
{
    /** Why, as one word of the table bindings/status.json ("mismatch"), or "". */
    public function reason(): string;

    /** The name of the status ("KESS_ERR_SIGNATURE"), or "". */
    public function code(): string;

    /** Offset in bytes of the fault in the text, or null. */
    public function position(): ?int;
}
