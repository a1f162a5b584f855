/** The product's mark. */
export function Mark({ size = 28 }: { size?: number }) {
  return (
    <svg className="mark" width={size} height={size} viewBox="0 0 32 32" aria-hidden>
      <rect width="32" height="32" rx="8" />
      <path d="M10 7v18h12" strokeWidth="3.5" />
      <path d="M15.5 17l6-7m0 0h-5m5 0v5" strokeWidth="2.6" />
    </svg>
  );
}
