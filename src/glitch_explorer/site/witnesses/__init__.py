"""The pages of the witnesses."""
