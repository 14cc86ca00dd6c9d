"""The group `warehouse`, in a folder and in S3."""
