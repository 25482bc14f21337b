"""The seller's own files, as the platform or the ERP wrote them, read into our names."""
