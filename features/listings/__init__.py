"""The listing check: what a listing says beside the seller's own record of the product."""
