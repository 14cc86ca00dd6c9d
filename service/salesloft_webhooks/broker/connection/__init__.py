"""How the broker reaches Redis or Valkey: addresses, logins, certificates, sentinels, and errors in our words."""
