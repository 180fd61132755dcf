"""What any market participant needs to speak to a DIP: identity, signing, client, inbox, role handlers."""
